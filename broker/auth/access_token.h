// Access tokens: a key's permission to read some instances, lent for minutes, to clients that can send no header.
//
// A browser's EventSource and WebSocket send a URL and nothing else, and URLs are kept in histories and proxies' logs:
// a key does not belong there. Whoever has a key mints a token, which the page may then put in its URL:
//
//   pat_ base64url( version 1 | expiry | key id | pattern ) . base64url( HMAC-SHA-256 )
//
// Nothing is stored for a token. What is signed holds the hash of the secret that it was minted with, too: a token ends
// with its secret, by rotation as by revocation, and the administrator's with a change of theirs. It outlives a
// restart, so that a page's EventSource does. It is judged when a stream is opened or a page is fetched; a stream then
// lives until the secret ends, as the secret's own do.
#ifndef PLAYHEAD_BROKER_AUTH_ACCESS_TOKEN_H_
#define PLAYHEAD_BROKER_AUTH_ACCESS_TOKEN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/caller.h"
#include "broker/auth/signing_key.h"
#include "storage/record_store.h"

namespace playhead::broker {

inline constexpr absl::Duration kAccessTokenLifetimeDefault = absl::Minutes(5);
inline constexpr absl::Duration kAccessTokenLifetimeMax = absl::Hours(1);
inline constexpr size_t kAccessTokenBytesMax = 512;

// Immutable; thread-safe.   Blocking: none but Load.   Ownership: borrows `auth`.
class AccessTokens {
 public:
  struct Minted {
    std::string token;
    absl::Time expires_at;
  };

  // Reads the key that signs, or makes it, as SigningKey::Load does and fails. Waits for the store.
  static absl::StatusOr<std::unique_ptr<AccessTokens>> Load(storage::RecordStore& records, const Authenticator& auth);

  AccessTokens(SigningKey key, const Authenticator& auth) : key_(std::move(key)), auth_(auth) {}

  // Lends `lender`'s permission to subscribe to `instances`: a name, `prefix*` or `*`.
  //   InvalidArgument   KEY_INVALID: no such pattern. LIMIT_INVALID: `lifetime` is not 1 s to kAccessTokenLifetimeMax.
  //   PermissionDenied  the lender may not subscribe to all of them, or they are the broker's own.
  //   Unauthenticated   the lender's secret has just ended.
  absl::StatusOr<Minted> Mint(const Caller& lender, absl::string_view instances, absl::Duration lifetime) const;

  // Who calls with `token`. Compares in constant time. Unauthenticated:
  //   UNAUTHENTICATED           it is none of this store, or its secret is gone.
  //   KEY_EXPIRED, KEY_REVOKED  its time is over, or its secret is no longer good.
  absl::StatusOr<std::shared_ptr<Caller>> Redeem(absl::string_view token) const;

 private:
  const SigningKey key_;
  const Authenticator& auth_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_ACCESS_TOKEN_H_
