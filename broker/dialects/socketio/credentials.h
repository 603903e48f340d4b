// Who connects, and to which instance: what a client of this dialect says of itself.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_CREDENTIALS_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/core.h"
#include "broker/http/request.h"

namespace playhead::broker::socketio {

// How a client behaves that has lost its connection.
enum class Family {
  // socket.io-client: says which session it had (`pid`) and the last argument of the last event that it handled.
  kRecovers,
  // python-socketio: says nothing, and subscribes to nothing again; but acknowledges events when they are handled.
  kAcknowledges,
};

// By the library that made the handshake.
Family FamilyOf(const http::Request& handshake);

struct ConnectAuth {
  std::string
      token;        // From the first of: the payload's token or apiKey, Authorization: Bearer, x-api-key, the query's.
  std::string pid;  // Empty if there is none; so is the next.
  std::string offset;
};

// `payload`: of the packet CONNECT, a JSON object or empty.
ConnectAuth ReadAuth(absl::string_view payload, const http::Request& handshake);

struct Credentials {
  std::shared_ptr<Caller> caller;
  std::string instance;  // May be subscribed to by the caller.
};

// The instance is that which the key covers, and it must be one: events carry no name, and a client has one position.
// While the broker runs open, the token is the name of the instance.
//   Unauthenticated    as Authenticator::Authenticate.
//   PermissionDenied   the key covers none or several, or may not subscribe.
//   InvalidArgument    INSTANCE_NAME_INVALID.
absl::StatusOr<Credentials> Authenticate(const Core& core, const std::string& token);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_CREDENTIALS_H_
