// RecoveringSocket: a client that says, when it comes back, which event it handled last (socket.io-client).
//
// Every event ends with an argument that is its position; the client's library keeps that of the last event whose
// handlers have run, and gives it back with the session's `pid`. So nothing need be acknowledged: the log is read again
// from there.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RECOVERING_SOCKET_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RECOVERING_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "broker/delivery.h"
#include "broker/dialects/socketio/event_socket.h"
#include "broker/subscription.h"

namespace playhead::broker::socketio {

class RecoveringSocket final : public EventSocket {
 public:
  using EventSocket::EventSocket;

  // The key of a session's record.
  static std::string KeyOf(absl::string_view pid);

  // Goes on behind what the client has: `offset`, if that is a position of this log, else where it is known to have
  // been. Before Start.
  void Recover(absl::string_view offset);
  void Start() override;
  void OnAck(uint64_t /*ack_id*/, http::socketio::Arguments /*arguments*/) override {}  // Nothing asks for any.

 protected:
  bool Begins() const override;
  void Open() override;
  void Ask() override;
  void Emit(model::Frame frame) override;
  void OnEnd(bool left) override;

 private:
  void OnDelivery(Delivery delivery);

  std::shared_ptr<Subscription> subscription_;
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RECOVERING_SOCKET_H_
