// The access tokens of this dialect: JSON Web Tokens (RFC 7519) that name the key they were issued for.
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
  std::string key_id;  // `sub`; "" if the broker ran open.
  std::string id;      // `jti`: unique, so that a returning client is recognized by it.
  absl::Time expires_at;
};

inline constexpr size_t kTokenBytesMax = 1'024;

// Signs and verifies tokens. The signing key is a row `vzaps/token_key` of the store (docs/on-disk-format.md), created
// once. A copy of the store is enough to sign tokens, but a token alone gives no access, since a connection also needs
// the secret of a key.
class TokenSigner {
 public:
  // Reads or creates the key; blocks on the store. Errors: as SigningKey::Load.
  static absl::StatusOr<TokenSigner> Load(storage::RecordStore& records);
  explicit TokenSigner(SigningKey key) : key_(std::move(key)) {}

  // A token with a new id.
  std::string Issue(absl::string_view key_id, absl::Time issued_at, absl::Time expires_at) const;

  // Returns the contents of a token that was signed here. Does not check whether it has expired.
  //  Unauthenticated  UNAUTHENTICATED: it is not a token, or was not signed here.
  absl::StatusOr<Token> Verify(absl::string_view token) const;

 private:
  SigningKey key_;
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_TOKEN_H_
