#include "broker/dialects/socketio/recovering_socket.h"

#include <utility>
#include <variant>

#include "broker/http/socketio/json.h"
#include "broker/sessions/session_key.h"

namespace playhead::broker::socketio {

std::string RecoveringSocket::KeyOf(absl::string_view pid) { return SessionKey(kSessionDialect, {"pid", pid}); }

void RecoveringSocket::Recover(absl::string_view offset) {
  const auto position = model::ParsePosition(offset);
  if (position && position->instance == instance_->number()) stored_.position = *position;
}

void RecoveringSocket::Start() {
  if (!stored_.names.empty()) Open();
}

bool RecoveringSocket::Begins() const { return subscription_ == nullptr && !stored_.names.empty(); }

void RecoveringSocket::Open() {
  SubscriptionRequest request;
  request.opened = instance_;
  request.start = AfterCursor{ResumePosition()};
  request.allow_gap = true;  // The client has no error for missing history.
  subscription_ = Subscription::Start(dialect_.core, std::move(request));
  StartPulling();
}

void RecoveringSocket::Ask() {
  const auto self = std::static_pointer_cast<RecoveringSocket>(shared_from_this());
  // Cancelled only when the socket has ended.
  (void)subscription_->Next(
      Posting(self, [](RecoveringSocket& socket, Delivery delivery) { socket.OnDelivery(std::move(delivery)); }));
}

void RecoveringSocket::OnDelivery(Delivery delivery) {
  if (auto* const events = std::get_if<Events>(&delivery)) return Deliver(std::move(events->slices));
  if (const auto* const closed = std::get_if<Closed>(&delivery)) {
    subscription_ = nullptr;
    return Close(closed->status);
  }
  DeliverNothing();
}

void RecoveringSocket::Emit(model::Frame frame) {
  socket_->Emit(frame.rendering.name,
                {{std::move(frame.rendering.payload), http::socketio::Quoted(frame.position.ToString())}, {}});
}

void RecoveringSocket::OnEnd(bool /*left*/) {
  if (subscription_ != nullptr) subscription_->Cancel();
}

}  // namespace playhead::broker::socketio
