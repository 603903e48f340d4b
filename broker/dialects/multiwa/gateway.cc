#include "broker/dialects/multiwa/gateway.h"

#include <utility>

#include "absl/time/time.h"
#include "broker/auth/call_access.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/credentials.h"
#include "broker/dialects/multiwa/gateway_socket.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker::multiwa {
namespace {

// Clients that get a refusal do not retry, so only a wrong key gets one. For other errors the connection is ended,
// which clients take for a lost connection.
void Refuse(http::socketio::Socket& socket, const absl::Status& refusal) {
  LogRefusal("socket.io /ws", refusal);
  if (absl::IsUnauthenticated(refusal)) return socket.Refuse("Unauthorized", R"({"code":"UNAUTHORIZED"})");
  socket.CloseTransport(absl::IsResourceExhausted(refusal) ? http::kCloseTryAgainLater : http::kCloseGoingAway, "");
}

}  // namespace

void Gateway::OnConnect(SocketPtr socket, std::string auth) {
  const std::string secret = SecretOf(auth, socket->handshake());
  CallAccess access = JudgeAccess(dialect_.core, secret, 0);
  if (access.caller != nullptr) return Accept(socket, std::move(access.caller), secret);
  if (access.refusal_delay <= absl::ZeroDuration()) return Refuse(*socket, access.refusal);
  RefuseAfter(dialect_.core.timers, access.refusal_delay,
              [socket, refusal = access.refusal] { socket->Run([socket, refusal] { Refuse(*socket, refusal); }); });
}

void Gateway::Accept(const SocketPtr& socket, std::shared_ptr<Caller> caller, absl::string_view secret) const {
  const auto client =
      std::make_shared<GatewaySocket>(dialect_, ClientIdentity(caller, secret, socket->handshake().peer), socket);
  auto ticket = dialect_.core.streams.Admit(client, caller);
  if (!ticket.ok()) return Refuse(*socket, ticket.status());
  client->SetTicket(*std::move(ticket));
  (void)socket->Accept(client, {});  // If the socket has ended in the meantime, `client` is destroyed.
}

}  // namespace playhead::broker::multiwa
