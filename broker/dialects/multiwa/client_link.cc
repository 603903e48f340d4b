#include "broker/dialects/multiwa/client_link.h"

#include <utility>

#include "broker/auth/secret.h"
#include "proto/errors.h"

namespace playhead::broker::multiwa {

ClientIdentity::ClientIdentity(std::shared_ptr<Caller> who, absl::string_view secret, absl::string_view peer)
    : caller(std::move(who)), secret_hash(SecretHash::Of(secret).bytes()), host(peer.substr(0, peer.rfind(':'))) {}

void EndBecause(ClientLink& link, const absl::Status& status) {
  if (absl::IsUnauthenticated(status)) return link.End(kCloseInvalidApiKey, "Invalid API key");
  if (HasReason(status, Reason::kShuttingDown)) return link.End(http::kCloseGoingAway, "The server is restarting");
  if (absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) {
    return link.End(http::kCloseTryAgainLater, "Try again later");
  }
  link.End(http::kCloseInternal, "Stored events cannot be read");
}

}  // namespace playhead::broker::multiwa
