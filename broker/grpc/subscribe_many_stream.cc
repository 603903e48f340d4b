#include "broker/grpc/subscribe_many_stream.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "broker/auth/call_access.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/error_status.h"
#include "broker/grpc/many_message.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/read_request.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/read/many_delivery.h"
#include "broker/read/many_subscription.h"
#include "broker/read/store_position_token.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::broker {
namespace {

// At any time exactly one operation is in progress, as in SubscribeStream: a Next of the subscription, or a write.
class SubscribeManyStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SubscribeManyStream(const Core& core, StalledCalls& stalled_calls, grpc::CallbackServerContext& context)
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
    v1::SubscribeManyRequest message;
    if (absl::Status status = ParseRequest(buffer, message); !status.ok()) return status;
    auto request = ToManySubscriptionRequest(core_.log, message, caller);
    if (!request.ok()) return request.status();
    auto subscription = ManySubscription::StartAdmitted(core_, *std::move(request), std::move(caller), ticket_);
    if (!subscription.ok()) return subscription.status();
    subscription_ = *std::move(subscription);
    return absl::OkStatus();
  }

  void Ask() {
    if (!subscription_->Next([this](ManyDelivery delivery) { OnDelivery(std::move(delivery)); })) {
      End(absl::CancelledError("the call was cancelled"));
    }
  }

  void OnDelivery(ManyDelivery delivery) {
    if (const auto* closed = std::get_if<Closed>(&delivery)) return End(closed->status);
    if (const auto* events = std::get_if<ManyEvents>(&delivery)) {
      parts_.Add(*events, Text(events->position));
      // The next delivery is available, so asking for it does not delay this one.
      if (events->more && parts_.bytes() < core_.limits.delivery_bytes_max) return Ask();
      message_ = parts_.Finish();
    } else {
      message_ = ToByteBuffer(Notice(delivery));
    }
    watch_.WriteStarted();
    StartWrite(&message_);
  }

  v1::SubscribeManyResponse Notice(const ManyDelivery& delivery) const {
    v1::SubscribeManyResponse message;
    if (const auto* started = std::get_if<ManyStarted>(&delivery)) {
      message.mutable_start()->set_position(Text(started->position));
      message.mutable_start()->set_heartbeat_interval_ms(
          static_cast<uint32_t>(absl::ToInt64Milliseconds(core_.limits.heartbeat_interval)));
    } else if (const auto* caught_up = std::get_if<ManyCaughtUp>(&delivery)) {
      message.mutable_caught_up()->set_position(Text(caught_up->position));
    } else if (const auto* heartbeat = std::get_if<ManyHeartbeat>(&delivery)) {
      message.mutable_heartbeat()->set_position(Text(heartbeat->position));
    } else if (const auto* gap = std::get_if<ManyGap>(&delivery)) {
      message.mutable_gap()->set_position(Text(gap->position));
      if (gap->instance != nullptr) {
        message.mutable_gap()->set_instance(gap->instance->name());
        *message.mutable_gap()->mutable_gap() = ToProto(Gap{gap->after, gap->last, gap->event_count});
      }
    }
    return message;
  }

  std::string Text(storage::StorePosition position) const {
    return EncodeStorePosition(core_.log.store_id(), position);
  }

  void End(const absl::Status& status) {
    if (!absl::IsCancelled(status)) LogRefusal("SubscribeMany", status);
    Finish(ToGrpcStatus(status, context_));
  }

  const Core core_;
  grpc::CallbackServerContext& context_;
  StalledCalls::Watch watch_;
  std::shared_ptr<ManySubscription> subscription_;
  StreamRegistry::Ticket ticket_;
  ManyMessage parts_;
  grpc::ByteBuffer message_;  // The message being written.
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeManyStream(const Core& core, StalledCalls& stalled_calls,
                                                                     grpc::CallbackServerContext& context,
                                                                     const grpc::ByteBuffer& request) {
  auto* const stream = new SubscribeManyStream(core, stalled_calls, context);
  stream->Start(request);
  return stream;
}

}  // namespace playhead::broker
