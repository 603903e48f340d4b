#include "broker/grpc/subscribe_stream.h"

#include <memory>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "broker/auth/call_access.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/error_status.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/read_request.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/read/delivery.h"
#include "broker/read/read_rules.h"
#include "broker/read/subscription.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::broker {
namespace {

// Encodes each kind of delivery but Closed.
class Encoder {
 public:
  explicit Encoder(const Limits& limits) : limits_(limits) {}

  grpc::ByteBuffer operator()(const Events& events) const { return EventsBuffer(events.slices); }

  grpc::ByteBuffer operator()(const Started& started) const {
    v1::SubscribeResponse message;
    v1::SubscribeResponse::Started& out = *message.mutable_start();
    out.set_cursor(started.cursor.value());
    out.set_first_cursor(started.first.value());
    out.set_head_cursor(started.head.value());
    out.set_heartbeat_interval_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(limits_.heartbeat_interval)));
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const CaughtUp& caught_up) const {
    v1::SubscribeResponse message;
    message.mutable_caught_up()->set_cursor(caught_up.cursor.value());
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const Heartbeat& heartbeat) const {
    v1::SubscribeResponse message;
    message.mutable_heartbeat()->set_cursor(heartbeat.cursor.value());
    message.mutable_heartbeat()->set_head_cursor(heartbeat.head.value());
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const Gap& gap) const {
    v1::SubscribeResponse message;
    *message.mutable_gap() = ToProto(gap);
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const Closed&) const { return grpc::ByteBuffer(); }

 private:
  const Limits& limits_;
};

// At any time exactly one operation is in progress: a Next of the subscription, or a write. When it ends, it starts the
// other or finishes; a cancellation finishes only if it has withdrawn a Next. So Finish is called once, and nothing
// starts after it.
class SubscribeStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SubscribeStream(const Core& core, StalledCalls& stalled_calls, grpc::CallbackServerContext& context)
      : core_(core), context_(context), watch_(stalled_calls, core.delivery_budget, context) {}

  void Start(const grpc::ByteBuffer& request) {
    CallAccess access = JudgeAccess(core_, BearerSecret(context_), request.Length());
    if (!access.refusal.ok()) {
      return RefuseAfter(core_.timers, access.refusal_delay, [this, refusal = access.refusal] { End(refusal); });
    }
    if (absl::Status status = Open(request, std::move(access.caller)); !status.ok()) return End(status);
    Ask();
  }

  void OnWriteDone(bool ok) override {
    watch_.WriteDone();
    if (ok) return Ask();
    subscription_->Cancel();
    End(absl::CancelledError("the client is gone"));
  }

  void OnCancel() override {
    if (subscription_ != nullptr && subscription_->Cancel()) End(absl::CancelledError("the call was cancelled"));
  }

  void OnDone() override { delete this; }

 private:
  absl::Status Open(const grpc::ByteBuffer& buffer, std::shared_ptr<Caller> caller) {
    v1::SubscribeRequest message;
    if (absl::Status status = ParseRequest(buffer, message); !status.ok()) return status;
    auto request = ToSubscriptionRequest(message);
    if (!request.ok()) return request.status();
    const absl::Status permitted = CheckReader(*caller, request->instance, request->filter.get());
    if (!permitted.ok()) return permitted;
    request->caller = caller;
    auto subscription = Subscription::StartAdmitted(core_, *std::move(request), std::move(caller), ticket_);
    if (!subscription.ok()) return subscription.status();
    subscription_ = *std::move(subscription);
    return absl::OkStatus();
  }

  void Ask() {
    if (!subscription_->Next([this](Delivery delivery) { OnDelivery(std::move(delivery)); })) {
      End(absl::CancelledError("the call was cancelled"));
    }
  }

  void OnDelivery(Delivery delivery) {
    if (const auto* closed = std::get_if<Closed>(&delivery)) return End(closed->status);
    message_ = std::visit(Encoder(core_.limits), delivery);
    watch_.WriteStarted();
    StartWrite(&message_);
  }

  void End(const absl::Status& status) {
    if (!absl::IsCancelled(status)) LogRefusal("Subscribe", status);
    Finish(ToGrpcStatus(status, context_));
  }

  const Core core_;
  grpc::CallbackServerContext& context_;
  StalledCalls::Watch watch_;
  std::shared_ptr<Subscription> subscription_;
  StreamRegistry::Ticket ticket_;
  grpc::ByteBuffer message_;  // The message being written.
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeStream(const Core& core, StalledCalls& stalled_calls,
                                                                 grpc::CallbackServerContext& context,
                                                                 const grpc::ByteBuffer& request) {
  auto* const stream = new SubscribeStream(core, stalled_calls, context);
  stream->Start(request);
  return stream;
}

}  // namespace playhead::broker
