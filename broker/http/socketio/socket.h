// A socket: one client in one namespace, as an application sees it.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/http/engineio/session.h"
#include "broker/http/request.h"
#include "broker/http/socketio/packet.h"

namespace playhead::broker::http::socketio {

// What stands behind an event's name, or in an acknowledgement: JSON texts, and the attachments whose placeholders are
// in them.
struct Arguments {
  std::vector<std::string> values;
  std::vector<std::string> attachments;
};

struct Event {
  std::string name;  // Of a number its digits.
  Arguments arguments;
  std::optional<uint64_t> ack_id;  // The client waits for Socket::Acknowledge with it.
};

// What an application does with one socket. All methods run on the session's strand, one at a time, and must not block.
// The socket owns it, until after OnDisconnect.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  virtual void OnEvent(Event event) = 0;
  // The client acknowledges what was emitted with this id, or says it does.
  virtual void OnAck(uint64_t ack_id, Arguments arguments) = 0;
  // The client's side has taken what was sent: time to send more. May come more often than that.
  virtual void OnWritable() = 0;
  // The client's side has read everything that was emitted before this Socket::Ping.
  virtual void OnPong(uint64_t /*ping*/) {}
  // Last: the client has `left` the namespace, saying so, or its connection has ended.
  virtual void OnDisconnect(bool left) = 0;
};

struct ConnectReply {
  std::optional<std::string> sid;  // Of an earlier socket that is taken up again; unset: a new one.
  std::optional<std::string> pid;  // By which a client asks for that; JavaScript's remembers it.
};

// All methods are for the session's strand, but Run. They do nothing once the socket has ended.
class Socket final {
 public:
  Socket(std::shared_ptr<engineio::Session> session, std::string name_space)
      : session_(std::move(session)), name_space_(std::move(name_space)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const std::string& name_space() const { return name_space_; }
  // The request with which the client's session began.
  const Request& handshake() const { return session_->handshake(); }

  // Runs `task` on the strand. Thread safety: any thread.
  void Run(absl::AnyInvocable<void()> task) { session_->Run(std::move(task)); }

  // One of the two answers the client's wish to connect, once. Accept: false if the client has gone meanwhile, and then
  // `handler` is never called.
  [[nodiscard]] bool Accept(std::shared_ptr<SocketHandler> handler, const ConnectReply& reply);
  // Clients do not try again by themselves. `data`: JSON, or empty.
  void Refuse(absl::string_view message, absl::string_view data = "");

  // `ack_id`: the client is to acknowledge with it. REQUIRES of these: accepted; not IsReservedEvent(name); values are
  // JSON and hold placeholders for attachments.
  void Emit(absl::string_view name, Arguments arguments, std::optional<uint64_t> ack_id = std::nullopt);
  void Acknowledge(uint64_t ack_id, Arguments arguments);

  // As engineio::Session has it: for SocketHandler::OnPong.
  uint64_t Ping() { return session_->Ping(); }

  // Everything sent was taken. If not, OnWritable will come.
  bool writable() const { return session_->writable(); }
  bool ended() const { return ended_; }
  // As engineio::Session has it.
  absl::Duration Silence() const { return session_->Silence(); }

  // Ends the connection, with all its sockets, so that the client comes back by itself.
  void CloseTransport(CloseCode code, absl::string_view reason) {
    if (!ended_) session_->Close(code, reason);
  }

 private:
  friend class Connection;

  void Send(Packet packet, std::vector<std::string> attachments = {});
  void SendArguments(PacketType text, PacketType binary, std::optional<uint64_t> ack_id,
                     std::vector<std::string> values, std::vector<std::string> attachments);
  void End(bool left);

  const std::shared_ptr<engineio::Session> session_;
  const std::string name_space_;
  std::shared_ptr<SocketHandler> handler_;  // While it is accepted and has not ended.
  bool ended_ = false;
};

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_
