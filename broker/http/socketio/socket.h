// A socket: one client in one namespace, as an application sees it.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/http/engineio/session.h"
#include "broker/http/request.h"
#include "broker/http/socketio/packet.h"

namespace playhead::broker::http::socketio {

// The arguments of an event or acknowledgement: JSON texts, and the attachments that their placeholders refer to.
struct Arguments {
  std::vector<std::string> values;
  std::vector<std::string> attachments;
};

struct Event {
  std::string name;  // For a number, its digits.
  Arguments arguments;
  std::optional<uint64_t> ack_id;  // Set if the client waits for Socket::Acknowledge.
};

// The application's side of one socket. All methods run on the session's strand, one at a time, and must not block. The
// socket owns it, until after OnDisconnect.
class SocketHandler {
 public:
  virtual ~SocketHandler() = default;
  virtual void OnEvent(Event event) = 0;
  // The client acknowledges the Emit with this id, or claims to.
  virtual void OnAck(uint64_t ack_id, Arguments arguments) = 0;
  // The socket is writable again: time to send more. May also be called without need.
  virtual void OnWritable() = 0;
  // The client's side has read everything that was emitted before this Socket::Ping.
  virtual void OnPong(uint64_t /*ping*/) {}
  // Called last: the client has `left` the namespace explicitly, or its connection has ended.
  virtual void OnDisconnect(bool left) = 0;
};

struct ConnectReply {
  std::optional<std::string> sid;  // That of an earlier socket that is resumed; unset: a new one.
  std::optional<std::string> pid;  // With which a client asks to resume; JavaScript's remembers it.
};

// All methods are for the session's strand, except Run. They do nothing once the socket has ended.
class Socket final {
 public:
  Socket(std::shared_ptr<engineio::Session> session, std::string name_space)
      : session_(std::move(session)), name_space_(std::move(name_space)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  const std::string& name_space() const { return name_space_; }
  // The request that opened the client's session.
  const Request& handshake() const { return session_->handshake(); }

  // Runs `task` on the strand. Thread safety: any thread.
  void Run(absl::AnyInvocable<void()> task) { session_->Run(std::move(task)); }

  // Accept or Refuse answers the request to connect, once. Accept returns false if the client has gone; then `handler`
  // is never called.
  [[nodiscard]] bool Accept(std::shared_ptr<SocketHandler> handler, const ConnectReply& reply);
  // Clients do not retry by themselves. `data`: JSON, or empty.
  void Refuse(absl::string_view message, absl::string_view data = "");

  // `ack_id`: asks the client to acknowledge with this id. Both REQUIRE: accepted; not IsReservedEvent(name); values
  // are JSON, with placeholders for the attachments.
  void Emit(absl::string_view name, Arguments arguments, std::optional<uint64_t> ack_id = std::nullopt);
  void Acknowledge(uint64_t ack_id, Arguments arguments);

  // As engineio::Session::Ping; calls SocketHandler::OnPong.
  uint64_t Ping() { return session_->Ping(); }

  // As engineio::Session::writable.
  bool writable() const { return session_->writable(); }
  bool ended() const { return ended_; }
  // As engineio::Session::Silence.
  absl::Duration Silence() const { return session_->Silence(); }

  // Ends the connection with all its sockets, in a way that makes the client reconnect.
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
  std::shared_ptr<SocketHandler> handler_;  // Set from Accept to End.
  bool ended_ = false;
};

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_SOCKET_H_
