// The caller and the instance of a connection, from what the client sends.
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

// How a client behaves after it has lost its connection.
enum class Family {
  // socket.io-client: sends the session that it had (`pid`), and the last argument of the last event that it handled.
  kRecovers,
  // python-socketio: sends no session and no subscriptions, but acknowledges events after they are handled.
  kAcknowledges,
};

// Judged by the library that made the handshake.
Family FamilyOf(const http::Request& handshake);

struct ConnectAuth {
  // The first of: the payload's token and apiKey, Authorization: Bearer, x-api-key, the query's token and apiKey.
  std::string token;
  std::string pid;     // Empty if there is none.
  std::string offset;  // Empty if there is none.
};

// `payload` is that of the CONNECT packet: a JSON object, or empty.
ConnectAuth ReadAuth(absl::string_view payload, const http::Request& handshake);

struct Credentials {
  std::shared_ptr<Caller> caller;
  std::string instance;  // The caller may subscribe to it.
};

// The instance is the one that the key covers. A key must cover exactly one, because events do not carry the instance's
// name, and a client has only one position. While the broker runs open, the token is the name of the instance.
//   Unauthenticated    as Authenticator::Authenticate.
//   PermissionDenied   the key covers none or several, or may not subscribe.
//   InvalidArgument    INSTANCE_NAME_INVALID.
absl::StatusOr<Credentials> Authenticate(const Core& core, const std::string& token);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_CREDENTIALS_H_
