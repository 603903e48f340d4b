// The secrets of keys: their form, generation and comparison.
//
//   ph_k0123456789ab_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ
//      '--key id---' '-------- 256 random bits, base64url ------'
#ifndef PLAYHEAD_BROKER_AUTH_SECRET_H_
#define PLAYHEAD_BROKER_AUTH_SECRET_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker {

inline constexpr size_t kSecretBytesMax = 256;  // Of any secret, including the administrator's.

// The SHA-256 of a secret, which is all that is ever stored of it.
class SecretHash {
 public:
  static constexpr size_t kBytes = 32;

  static SecretHash Of(absl::string_view secret);
  // nullopt unless there are kBytes of them.
  static std::optional<SecretHash> FromBytes(absl::string_view bytes);

  absl::string_view bytes() const { return absl::string_view(reinterpret_cast<const char*>(bytes_.data()), kBytes); }

  // In constant time.
  bool Equals(const SecretHash& other) const;

 private:
  std::array<uint8_t, kBytes> bytes_{};
};

// `k` and 12 random characters of Crockford's base 32, lower case.
std::string NewKeyId();
// The full text of a new secret for `key_id`, with 256 bits from the system's generator.
std::string NewSecret(absl::string_view key_id);

// The key id in `secret`, as a view of it; nullopt unless `secret` has the form above.
std::optional<absl::string_view> KeyIdIn(absl::string_view secret);
// Whether `id` has the form that NewKeyId produces.
bool IsKeyId(absl::string_view id);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_SECRET_H_
