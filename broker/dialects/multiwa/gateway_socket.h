// GatewaySocket: one client of Socket.IO's namespace /ws, which may use either of its protocols, or both:
//
//  the older    envelopes, as documented for the plain WebSocket; in both directions, each is the one argument of an
//               event `message`
//  the present  rooms
//
// The client's events show which one it uses: the first envelope is answered with the welcome of the older one. A
// marker is a ping of Engine.IO, which every client's library answers by itself.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_SOCKET_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/envelopes.h"
#include "broker/dialects/multiwa/rooms.h"
#include "broker/http/socketio/socket.h"
#include "broker/stream_registry.h"

namespace playhead::broker::multiwa {

// All methods except Close and Post run on the socket's strand.   Ownership: borrows what `dialect` refers to.
class GatewaySocket final : public http::socketio::SocketHandler,
                            public ClosableStream,
                            public ClientLink,
                            public std::enable_shared_from_this<GatewaySocket> {
 public:
  GatewaySocket(const Dialect& dialect, ClientIdentity client, std::shared_ptr<http::socketio::Socket> socket)
      : dialect_(dialect), client_(std::move(client)), socket_(std::move(socket)) {}
  ~GatewaySocket() override = default;

  // `ticket` is held while the client is connected.
  void SetTicket(StreamRegistry::Ticket ticket) { ticket_ = std::move(ticket); }

  // SocketHandler.
  void OnEvent(http::socketio::Event event) override;
  void OnAck(uint64_t /*ack_id*/, http::socketio::Arguments /*arguments*/) override {}  // None are requested.
  void OnWritable() override;
  void OnPong(uint64_t ping) override;
  void OnDisconnect(bool left) override;

  // ClosableStream: called when the broker stops or the key is revoked. Any thread.
  void Close(absl::Status status) override;

  // ClientLink.
  void Post(absl::AnyInvocable<void()> task) override { socket_->Run(std::move(task)); }
  bool writable() const override { return socket_->writable(); }
  uint64_t SendMarker() override { return socket_->Ping(); }
  void SendEnvelope(std::string message) override;
  void End(http::CloseCode code, absl::string_view reason) override { socket_->CloseTransport(code, reason); }

 private:
  const Dialect dialect_;
  const ClientIdentity client_;
  const std::shared_ptr<http::socketio::Socket> socket_;
  StreamRegistry::Ticket ticket_;
  bool ended_ = false;
  std::shared_ptr<Envelopes> envelopes_;  // Created by the first envelope.
  std::shared_ptr<Rooms> rooms_;          // Created by the first event for rooms.
  bool rooms_first_ = false;              // Whether rooms send first; alternates.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_SOCKET_H_
