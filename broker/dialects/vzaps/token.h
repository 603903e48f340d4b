// The access tokens of this dialect: JSON Web Tokens (RFC 7519) that say which key they stand for.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_TOKEN_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_TOKEN_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/signing_key.h"
#include "storage/record_store.h"

namespace playhead::broker::vzaps {

struct Token {
  std::string key_id;  // `sub`; "" of a broker that ran open.
  std::string id;      // `jti`: of this token alone, so that a client that comes back with it is known.
  absl::Time expires_at;
};

inline constexpr size_t kTokenBytesMax = 1'024;

// Signs tokens and knows them again. The key of the signatures is a row `vzaps/token_key` of the store
// (docs/on-disk-format.md), made once. Whoever has a copy of the store could sign tokens; a token alone opens nothing,
// since a connection needs the secret of a key besides.
// Immutable; thread-safe. Blocking: Load only.
class TokenSigner {
 public:
  // Reads the key, or makes it, as SigningKey::Load does and fails. Waits for the store.
  static absl::StatusOr<TokenSigner> Load(storage::RecordStore& records);
  explicit TokenSigner(SigningKey key) : key_(std::move(key)) {}

  // A token with a new id.
  std::string Issue(absl::string_view key_id, absl::Time issued_at, absl::Time expires_at) const;

  // What a token says that was signed here; whether it has expired is for the caller to see.
  //   Unauthenticated  UNAUTHENTICATED: it is none, or was not signed here.
  absl::StatusOr<Token> Verify(absl::string_view token) const;

 private:
  SigningKey key_;
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_TOKEN_H_
