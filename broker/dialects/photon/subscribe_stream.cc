#include "broker/dialects/photon/subscribe_stream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "broker/delivery.h"
#include "broker/dialects/photon/credentials.h"
#include "broker/dialects/photon/error_trailers.h"
#include "broker/dialects/photon/frame_reader.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "broker/model/position.h"
#include "broker/subscription.h"
#include "photon/whatsapp/v1/message_service.pb.h"

namespace playhead::broker::photon {

using storage::Cursor;

namespace {

// While a fetch of the same connection has been answered and its reply's fate is not known yet, the stream's start
// waits: it is a matter of microseconds, unless the client has stopped reading.
constexpr auto kSettlingPause = std::chrono::milliseconds(2);
constexpr int kSettlingPausesMax = 250;

SteadyTime Now() { return std::chrono::steady_clock::now(); }

// At any time exactly one thing is under way: the opening, a Next of the subscription, or a write. Whichever ends it
// starts the next or finishes, and a cancellation finishes only if it took back a Next; so Finish is called once, and
// nothing after it.
class SubscribeStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  SubscribeStream(const Dialect& dialect, grpc::CallbackServerContext& context)
      : dialect_(dialect),
        context_(context),
        watch_(dialect.core.stalled_calls, dialect.core.delivery_budget, context) {}

  void Start(const grpc::ByteBuffer& request) {
    Admission admission = Admit(dialect_, context_, request.Length());
    if (!admission.credentials.ok()) {
      return RefuseAfter(dialect_.core.timers, admission.refusal_delay,
                         [this, refusal = admission.credentials.status()] { End(refusal); });
    }
    credentials_ = *std::move(admission.credentials);
    OpenInstance(dialect_.core, credentials_, [this](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
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
    const auto taken = dialect_.continuations.Take(credentials_.connection, pauses_left > 0, Now());
    if (taken.settling) {
      dialect_.core.timers.Schedule(Now() + kSettlingPause, [this, pauses_left] { TakeStart(pauses_left - 1); });
      return;
    }
    const Position head{instance_->number(), instance_->head(), 0};
    if (taken.start) return Open(model::ResumeAt(*instance_, *taken.start));
    if (dialect_.options.first_subscribe == FirstSubscribe::kLive) return Open({head.cursor, head, false});
    dialect_.core.metrics.photon.bounces.Increment();
    dialect_.continuations.Bounced(credentials_.connection, head, Now());
    Finish(grpc::Status::OK);
  }

  void Open(const model::Resume& resume) {
    start_ = resume.position;
    handed_over_ = resume.after;
    if (resume.replaced) dialect_.core.metrics.photon.replaced_positions.Increment();
    reader_.emplace(credentials_.audience, start_, dialect_.core.metrics.photon.events_not_rendered);
    SubscriptionRequest request;
    request.instance = credentials_.audience.instance;
    request.start = AfterCursor{resume.after};
    request.filter = credentials_.audience.filter();
    request.caller = credentials_.caller;
    request.allow_gap = true;  // The client knows no error that would tell it of missing history.
    request.heartbeat_interval = dialect_.options.heartbeat_interval;
    auto subscription = Subscription::Start(dialect_.core, std::move(request));
    auto ticket = dialect_.core.streams.Admit(subscription, credentials_.caller);
    absl::Status status = ticket.status();
    if (status.ok()) {
      ticket_ = *std::move(ticket);
      absl::MutexLock lock(&mu_);
      subscription_ = subscription;
      if (cancelled_) status = Cancelled();
    }
    if (status.ok()) return Ask();
    subscription->Cancel();
    End(status);
  }

  void Ask() {
    if (!subscription_->Next([this](Delivery delivery) {
          std::visit([this](auto&& kind) { On(std::forward<decltype(kind)>(kind)); }, std::move(delivery));
        })) {
      End(Cancelled());
    }
  }

  // Whatever happens to the client before its first event, it knows from where to fetch.
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

  // The position of everything up to `cursor`. A stream that starts amid the frames of an event reads from before it.
  Position At(Cursor cursor) const {
    return cursor < start_.cursor ? start_ : Position{instance_->number(), cursor, 0};
  }

  // The next frame of what was handed over; when all are written, asks for more.
  void WriteNext() {
    std::optional<Frame> frame = std::exchange(next_frame_, std::nullopt);
    if (!frame) frame = reader_->Next();
    if (!frame) return Ask();
    next_frame_ = reader_->Next();
    const grpc::Slice slice(frame->bytes);
    message_ = grpc::ByteBuffer(&slice, 1);
    grpc::WriteOptions options;
    // More follows at once: frames of a few hundred bytes go out together.
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
    if (!absl::IsCancelled(status)) {
      LogRefusal("SubscribeEvents", status);
      // The client comes back, and may have nothing but this to say where it was.
      if (reader_ && !wrote_any_) dialect_.continuations.PutBack(credentials_.connection, start_, Now());
    }
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
  grpc::ByteBuffer message_;  // Being written.

  absl::Mutex mu_;  // Guards what the opening and a cancellation share.
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
