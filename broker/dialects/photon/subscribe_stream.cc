#include "broker/dialects/photon/subscribe_stream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "broker/dialects/photon/credentials.h"
#include "broker/dialects/photon/error_trailers.h"
#include "broker/dialects/photon/frame_reader.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/model/position.h"
#include "broker/open_instance.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "photon/whatsapp/v1/message_service.pb.h"

namespace playhead::broker::photon {

using storage::Cursor;

namespace {

// While a fetch of the same connection was answered and its reply is not known to be written, the start of the stream
// waits. This takes microseconds, unless the client has stopped reading.
constexpr auto kSettlingPause = std::chrono::milliseconds(2);
constexpr int kSettlingPausesMax = 250;

// At any time exactly one operation is in progress: opening, a Next of the subscription, or a write. When it ends, it
// starts the next or finishes; a cancellation finishes only if it has withdrawn a Next. So Finish is called once, and
// nothing starts after it.
class SubscribeStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SubscribeStream(const Dialect& dialect, grpc::CallbackServerContext& context)
      : dialect_(dialect), context_(context), watch_(dialect.stalled_calls, dialect.core.delivery_budget, context) {}

  void Start(const grpc::ByteBuffer& request) {
    Admission admission = Admit(dialect_, context_, request.Length());
    if (!admission.credentials.ok()) {
      return RefuseAfter(dialect_.core.timers, admission.refusal_delay,
                         [this, refusal = admission.credentials.status()] { End(refusal); });
    }
    credentials_ = *std::move(admission.credentials);
    OpenInstance(dialect_.core.log, credentials_.caller.get(), credentials_.audience.instance,
                 [this](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                   if (!instance.ok()) return End(instance.status());
                   instance_ = *std::move(instance);
                   TakeStart(kSettlingPausesMax);
                 });
  }

  void OnWriteDone(bool ok) override {
    watch_.WriteDone();
    wrote_any_ = wrote_any_ || ok;
    if (ok) return WriteNext();
    subscription_->Cancel();
    End(absl::CancelledError("the client is gone"));
  }

  void OnCancel() override {
    std::shared_ptr<Subscription> subscription;
    {
      absl::MutexLock lock(&mu_);
      cancelled_ = true;
      subscription = subscription_;
    }
    if (subscription != nullptr && subscription->Cancel()) End(Cancelled());
  }

  void OnDone() override { delete this; }

 private:
  static absl::Status Cancelled() { return absl::CancelledError("the call was cancelled"); }

  void TakeStart(int pauses_left) {
    const auto taken = dialect_.continuations.Take(credentials_.connection, pauses_left > 0, SteadyNow());
    if (taken.settling) {
      dialect_.core.timers.Schedule(SteadyNow() + kSettlingPause, [this, pauses_left] { TakeStart(pauses_left - 1); });
      return;
    }
    const Position head{instance_->number(), instance_->head(), 0};
    if (taken.start) return Open(model::ResumeAt(*instance_, *taken.start));
    if (dialect_.options.first_subscribe == FirstSubscribe::kLive) return Open({head.cursor, head, false});
    dialect_.figures.bounces.Increment();
    dialect_.continuations.Bounced(credentials_.connection, head, SteadyNow());
    Finish(grpc::Status::OK);
  }

  void Open(const model::Resume& resume) {
    start_ = resume.position;
    handed_over_ = resume.after;
    if (resume.replaced) dialect_.figures.replaced_positions.Increment();
    reader_.emplace(credentials_.audience, start_, dialect_.figures.events_not_rendered);
    SubscriptionRequest request;
    request.opened = instance_;
    request.start = AfterCursor{resume.after};
    request.filter = credentials_.audience.filter();
    request.allow_gap = true;  // The client has no error for missing history.
    request.heartbeat_interval = dialect_.options.heartbeat_interval;
    auto subscription = Subscription::StartAdmitted(dialect_.core, std::move(request), credentials_.caller, ticket_);
    if (!subscription.ok()) return End(subscription.status());
    bool cancelled;
    {
      absl::MutexLock lock(&mu_);
      subscription_ = *subscription;
      cancelled = cancelled_;
    }
    if (!cancelled) return Ask();
    (*subscription)->Cancel();
    End(Cancelled());
  }

  void Ask() {
    if (!subscription_->Next([this](Delivery delivery) {
          std::visit([this](auto&& kind) { On(std::forward<decltype(kind)>(kind)); }, std::move(delivery));
        })) {
      End(Cancelled());
    }
  }

  // So the client knows where to fetch from, whatever happens before its first event.
  void On(const Started& /*started*/) { WriteHeartbeat(start_); }

  void On(Events events) {
    handed_over_ = events.last;
    reader_->Add(std::move(events.slices));
    WriteNext();
  }

  void On(const CaughtUp& caught_up) { OnProgress(caught_up.cursor); }
  void On(const Heartbeat& heartbeat) { WriteHeartbeat(At(heartbeat.cursor)); }
  void On(const Gap& gap) { OnProgress(gap.last); }
  void On(const Closed& closed) { End(closed.status); }

  void OnProgress(Cursor cursor) {
    if (cursor <= handed_over_) return Ask();
    handed_over_ = cursor;
    WriteHeartbeat(At(cursor));
  }

  // The position after everything up to `cursor`. A stream that starts in the middle of an event's frames reads from
  // before that event.
  Position At(Cursor cursor) const {
    return cursor < start_.cursor ? start_ : Position{instance_->number(), cursor, 0};
  }

  // Writes the next frame of the delivery; if all are written, asks for the next delivery.
  void WriteNext() {
    std::optional<Frame> frame = std::exchange(next_frame_, std::nullopt);
    if (!frame) frame = reader_->Next();
    if (!frame) return Ask();
    next_frame_ = reader_->Next();
    const grpc::Slice slice(frame->bytes);
    message_ = grpc::ByteBuffer(&slice, 1);
    grpc::WriteOptions options;
    // The next frame follows at once, so small frames are sent together.
    if (next_frame_) options.set_buffer_hint();
    watch_.WriteStarted();
    StartWrite(&message_, options);
  }

  void WriteHeartbeat(const Position& position) {
    ::photon::whatsapp::v1::SubscribeEventsResponse message;
    message.mutable_cursor()->set_value(position.ToString());
    message.mutable_heartbeat();
    message_ = ToByteBuffer(message);
    watch_.WriteStarted();
    StartWrite(&message_);
  }

  void End(const absl::Status& status) {
    if (!absl::IsCancelled(status)) LogRefusal("SubscribeEvents", status);
    // The client will come back, and may have no position of its own.
    if (reader_ && !wrote_any_) dialect_.continuations.PutBack(credentials_.connection, start_, SteadyNow());
    Finish(ToClientStatus(status, context_));
  }

  const Dialect dialect_;
  grpc::CallbackServerContext& context_;
  StalledCalls::Watch watch_;
  Credentials credentials_;
  std::shared_ptr<storage::Instance> instance_;
  Position start_;
  StreamRegistry::Ticket ticket_;
  std::optional<FrameReader> reader_;
  std::optional<Frame> next_frame_;
  bool wrote_any_ = false;
  Cursor handed_over_;        // Everything up to here was given to the reader or is not rendered.
  grpc::ByteBuffer message_;  // The message being written.

  absl::Mutex mu_;  // Guards the members below it, which opening and cancellation share.
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<Subscription> subscription_;  // Set once, under `mu_`; then only read.
};

}  // namespace

grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeStream(const Dialect& dialect,
                                                                 grpc::CallbackServerContext& context,
                                                                 const grpc::ByteBuffer& request) {
  auto* const stream = new SubscribeStream(dialect, context);
  stream->Start(request);
  return stream;
}

}  // namespace playhead::broker::photon
