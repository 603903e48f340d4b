// Access tokens: let clients that can send no header read some instances with a key's permission, for minutes.
//
// A browser's EventSource and WebSocket send only a URL. URLs are kept in histories and proxy logs, so a key does not
// belong there. A client with a key mints a token instead, which the page may put in its URL:
//
//   pat_ base64url( version 1 | expiry | key id | pattern ) . base64url( HMAC-SHA-256 )
//
// Nothing is stored for a token. The signature also covers the hash of the secret that minted it: a token ends with
// that secret, by rotation or revocation, and the administrator's tokens end when that secret changes. A token survives
// a restart, so that a page's EventSource does. It is checked when a stream is opened or a page is fetched; after that
// a stream lives until the secret ends, like streams opened with the secret itself.
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

  // Reads the signing key, or creates it. Errors as SigningKey::Load. Waits for the store.
  static absl::StatusOr<std::unique_ptr<AccessTokens>> Load(storage::RecordStore& records, const Authenticator& auth);

  AccessTokens(SigningKey key, const Authenticator& auth) : key_(std::move(key)), auth_(auth) {}

  // Mints a token with `lender`'s permission to subscribe to `instances`: a name, `prefix*` or `*`.
  //   InvalidArgument   KEY_INVALID: not such a pattern.
  //                     LIMIT_INVALID: `lifetime` is not 1 s to kAccessTokenLifetimeMax.
  //   PermissionDenied  the lender may not subscribe to all of them, or they are the broker's own.
  //   Unauthenticated   the lender's secret has just ended.
  absl::StatusOr<Minted> Mint(const Caller& lender, absl::string_view instances, absl::Duration lifetime) const;

  // The caller that `token` identifies. Compares in constant time. Unauthenticated:
  //   UNAUTHENTICATED           it is not a token of this store, or its secret no longer exists.
  //   KEY_EXPIRED, KEY_REVOKED  it has expired, or its secret is no longer valid.
  absl::StatusOr<std::shared_ptr<Caller>> Redeem(absl::string_view token) const;

 private:
  const SigningKey key_;
  const Authenticator& auth_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_ACCESS_TOKEN_H_
