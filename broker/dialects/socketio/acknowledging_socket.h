// AcknowledgingSocket: a client that acknowledges each event after its handler has returned (python-socketio).
//
// The client's library acknowledges every event that asks for it, even if the handler does not know about
// acknowledgements, unless the handler failed. Unacknowledged events are redelivered on the client's next connection,
// which adopts the session (left_behind.h).
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_ACKNOWLEDGING_SOCKET_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_ACKNOWLEDGING_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "broker/dialects/socketio/event_socket.h"
#include "broker/dialects/socketio/left_behind.h"
#include "broker/sessions/acked_session.h"
#include "broker/sessions/acked_sessions.h"

namespace playhead::broker::socketio {

class AcknowledgingSocket final : public EventSocket, public PresentClient {
 public:
  // Creates a socket with a session of its own, which it gives up if it adopts another.
  static std::shared_ptr<AcknowledgingSocket> Make(const Dialect& dialect, AckedSessions& acked,
                                                   LeftBehind& left_behind,
                                                   std::shared_ptr<http::socketio::Socket> socket,
                                                   Credentials credentials,
                                                   std::shared_ptr<storage::Instance> instance);

  void Start() override;
  void EndIfSilent() override;
  void OnAck(uint64_t ack_id, http::socketio::Arguments arguments) override;

 protected:
  bool Begins() const override;
  void Open() override;
  void Ask() override;
  void Emit(model::Frame frame) override;
  void OnEnd(bool left) override;

 private:
  AcknowledgingSocket(const Dialect& dialect, AckedSessions& acked, LeftBehind& left_behind,
                      std::shared_ptr<http::socketio::Socket> socket, Credentials credentials,
                      std::shared_ptr<storage::Instance> instance, std::string key, StoredSession stored)
      : EventSocket(dialect, std::move(socket), std::move(credentials), std::move(instance), std::move(key),
                    std::move(stored)),
        acked_(acked),
        left_behind_(left_behind) {}

  LeftBehind::Owner owner() const { return {credentials_.caller->key_id(), instance_->number(), stored_.name_space}; }
  // Adopts a session that was left behind, unless the client has subscribed in the meantime.
  void Adopt();
  void OnOpened(absl::StatusOr<AckedSessions::Opened> opened);
  void OnDelivery(SessionDelivery delivery);
  // Removes events from `unacked_` that the session has parked.
  void DropParked();

  AckedSessions& acked_;
  LeftBehind& left_behind_;
  bool opening_ = false;
  bool left_ = false;  // The client has disconnected for good.
  std::shared_ptr<AckedSession> session_;
  uint64_t last_ack_id_ = 0;
  // Frames that were sent and not acknowledged, by acknowledgement id, which is also the order of their positions.
  // Parked events are removed with the next delivery, so the session's window bounds this map.
  absl::btree_map<uint64_t, model::Position> unacked_;
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_ACKNOWLEDGING_SOCKET_H_
