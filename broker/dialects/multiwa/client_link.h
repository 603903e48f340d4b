// ClientLink: the interface to a client's connection, independent of the protocol that carries it.
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

// In addition to the codes of RFC 6455.
inline constexpr http::CloseCode kCloseInvalidApiKey = 4401;

// The client of a connection.
struct ClientIdentity {
  // `secret` is the secret that authenticated `who`; `peer` is the client's ADDRESS:PORT.
  ClientIdentity(std::shared_ptr<Caller> who, absl::string_view secret, absl::string_view peer);

  std::shared_ptr<Caller> caller;
  std::string secret_hash;
  std::string host;
};

// All methods except Post must be called on the connection's thread.
class ClientLink {
 public:
  virtual ~ClientLink() = default;

  // Runs `task` on the connection's thread, after earlier posted tasks. The connection may have ended by then. Thread
  // safety: any thread.
  virtual void Post(absl::AnyInvocable<void()> task) = 0;

  // Whether the client's side has taken everything that was sent. If not, ProfileStream::OnWritable is called once it
  // has.
  virtual bool writable() const = 0;

  // Sends a marker: ProfileStream::OnMarkerRead is called with its number, or a higher one, when the client's side has
  // read everything that was sent before. Numbers increase. REQUIRES: writable.
  virtual uint64_t SendMarker() = 0;

  // Sends a message of this dialect.
  virtual void SendEnvelope(std::string message) = 0;

  // Ends the connection. Clients reconnect unless the code tells them not to.
  virtual void End(http::CloseCode code, absl::string_view reason) = 0;
};

// Ends the connection because of `status`, an error that the client has not caused.
void EndBecause(ClientLink& link, const absl::Status& status);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_CLIENT_LINK_H_
