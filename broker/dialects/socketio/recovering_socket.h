// RecoveringSocket: a client that sends, when it reconnects, the last event that it handled (socket.io-client).
//
// The last argument of every event is its position. The client's library remembers that of the last event whose
// handlers have run, and sends it with the session's `pid` when it reconnects. So acknowledgements are not needed: the
// log is read again from there.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RECOVERING_SOCKET_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RECOVERING_SOCKET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "broker/dialects/socketio/event_socket.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"

namespace playhead::broker::socketio {

class RecoveringSocket final : public EventSocket {
 public:
  using EventSocket::EventSocket;

  // The key of a session's record.
  static std::string KeyOf(absl::string_view pid);

  // Continues after `offset` if that is a position of this log, or else where the client is known to have been. Call it
  // before Start.
  void Recover(absl::string_view offset);
  void Start() override;
  void OnAck(uint64_t /*ack_id*/, http::socketio::Arguments /*arguments*/) override {}  // None are requested.

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
