#include "broker/auth/secret.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/random.h"

namespace playhead::broker {
namespace {

constexpr absl::string_view kPrefix = "ph_";
constexpr size_t kIdCharacters = 12;
constexpr size_t kRandomBytes = 32;
constexpr size_t kRandomCharacters = 43;  // Of base64url, without padding.

}  // namespace

SecretHash SecretHash::Of(absl::string_view secret) {
  SecretHash hash;
  SHA256(reinterpret_cast<const uint8_t*>(secret.data()), secret.size(), hash.bytes_.data());
  return hash;
}

std::optional<SecretHash> SecretHash::FromBytes(absl::string_view bytes) {
  if (bytes.size() != kBytes) return std::nullopt;
  SecretHash hash;
  std::memcpy(hash.bytes_.data(), bytes.data(), kBytes);
  return hash;
}

bool SecretHash::Equals(const SecretHash& other) const {
  return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), kBytes) == 0;
}

std::string NewKeyId() { return absl::StrCat("k", RandomBase32(kIdCharacters)); }

std::string NewSecret(absl::string_view key_id) {
  return absl::StrCat(kPrefix, key_id, "_", absl::WebSafeBase64Escape(RandomBytes(kRandomBytes)));
}

std::optional<absl::string_view> KeyIdIn(absl::string_view secret) {
  if (!absl::ConsumePrefix(&secret, kPrefix)) return std::nullopt;
  constexpr size_t kIdBytes = 1 + kIdCharacters;
  if (secret.size() != kIdBytes + 1 + kRandomCharacters || secret[kIdBytes] != '_') return std::nullopt;
  const absl::string_view random = secret.substr(kIdBytes + 1);
  const bool sound = std::all_of(random.begin(), random.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
  const absl::string_view id = secret.substr(0, kIdBytes);
  if (!sound || !IsKeyId(id)) return std::nullopt;
  return id;
}

bool IsKeyId(absl::string_view id) {
  return id.size() == 1 + kIdCharacters && id[0] == 'k' &&
         id.find_first_not_of(kBase32Alphabet, 1) == absl::string_view::npos;
}

}  // namespace playhead::broker
