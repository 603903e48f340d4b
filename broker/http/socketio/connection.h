// Socket.IO on one session of Engine.IO: sockets in namespaces.
#ifndef PLAYHEAD_BROKER_HTTP_SOCKETIO_CONNECTION_H_
#define PLAYHEAD_BROKER_HTTP_SOCKETIO_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "broker/http/engineio/session.h"
#include "broker/http/socketio/packet.h"
#include "broker/http/socketio/server.h"
#include "broker/http/socketio/socket.h"
#include "broker/timer_queue.h"

namespace playhead::broker::http::socketio {

// A client that violates the protocol loses its connection. All methods are for the session's strand.
class Connection final : public engineio::SessionHandler, public std::enable_shared_from_this<Connection> {
 public:
  // Borrows `namespaces`, the applications in it, and `timers`.
  static std::shared_ptr<Connection> Start(std::shared_ptr<engineio::Session> session, const Namespaces& namespaces,
                                           TimerQueue& timers, absl::Duration connect_timeout);

  void OnMessage(engineio::Message message) override;
  void OnWritable() override;
  void OnPong(uint64_t ping) override;
  void OnClosed() override;

 private:
  // A binary packet that still waits for attachments.
  struct Partial {
    Packet packet;
    std::vector<std::string> attachments;
    size_t bytes = 0;  // Of the attachments.
  };

  Connection(std::shared_ptr<engineio::Session> session, const Namespaces& namespaces, TimerQueue& timers,
             absl::Duration connect_timeout)
      : session_(std::move(session)), namespaces_(namespaces), timers_(timers), connect_timeout_(connect_timeout) {}

  using Handlers = absl::InlinedVector<std::shared_ptr<SocketHandler>, 2>;

  // Ends the connection if it has no socket after the timeout; while an application still decides, looks again.
  void AwaitJoin();
  // The application's handler of the socket in the namespace; nullptr if none was accepted.
  std::shared_ptr<SocketHandler> FindHandler(const std::string& name_space) const;
  // The handlers of all its sockets. A copy, since a handler may end the connection or a socket.
  Handlers handlers() const;
  void OnPacket(Packet packet, std::vector<std::string> attachments);
  // These return false for a protocol violation.
  bool OnConnect(Packet packet);
  bool OnDisconnect(const Packet& packet);
  bool OnArguments(const Packet& packet, std::vector<std::string> attachments);
  void Violation(absl::string_view what);

  const std::shared_ptr<engineio::Session> session_;
  const Namespaces& namespaces_;
  TimerQueue& timers_;
  const absl::Duration connect_timeout_;
  absl::flat_hash_map<std::string, std::shared_ptr<Socket>> sockets_;  // By namespace.
  std::optional<Partial> partial_;
};

}  // namespace playhead::broker::http::socketio

#endif  // PLAYHEAD_BROKER_HTTP_SOCKETIO_CONNECTION_H_
