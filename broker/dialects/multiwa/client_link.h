// ClientLink: a client's connection as what runs on it sees it, whichever protocol carries it.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_CLIENT_LINK_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_CLIENT_LINK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/http/websocket.h"

namespace playhead::broker::multiwa {

// Beyond RFC 6455's own.
inline constexpr http::CloseCode kCloseInvalidApiKey = 4401;

// Who is at the other end.
struct ClientIdentity {
  // `secret` is what `who` was let in with; `peer` the client's ADDRESS:PORT.
  ClientIdentity(std::shared_ptr<Caller> who, absl::string_view secret, absl::string_view peer);

  std::shared_ptr<Caller> caller;
  std::string secret_hash;
  std::string host;
};

// All methods but Post are for the connection's thread.
class ClientLink {
 public:
  virtual ~ClientLink() = default;

  // Runs `task` on the connection's thread, behind what was posted before it. The connection may have ended by then.
  // Thread safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;

  // The client's side has taken everything that was sent. If not, ProfileStream::OnWritable is called when it has.
  virtual bool writable() const = 0;

  // Asks for a sign of life: ProfileStream::OnMarkerRead is called with its number, or a higher one, when the client's
  // side has read everything that was sent before. Numbers rise. REQUIRES: writable.
  virtual uint64_t SendMarker() = 0;

  // Sends a message of this dialect.
  virtual void SendEnvelope(std::string message) = 0;

  // Ends the connection in a way that has clients come back, unless the code says otherwise.
  virtual void End(http::CloseCode code, absl::string_view reason) = 0;
};

// Ends the connection because of `status`, which is none of the client's doing.
void EndBecause(ClientLink& link, const absl::Status& status);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CLIENT_LINK_H_
