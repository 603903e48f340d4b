#include "client/internal/consumer_core.h"

#include <algorithm>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::internal {
namespace {

// What a queued message costs beyond its bytes.
constexpr size_t kMessageOverheadBytes = 256;

// A stream that is silent for this many heartbeat intervals is dead.
constexpr int kSilentIntervalsMax = 3;

// See consumers.proto.
constexpr absl::Duration kAckDeadlineDefault = absl::Seconds(30);

// See consumers.proto: the broker remembers at most this much unused credit.
constexpr uint64_t kCreditMax = 10'000;

// How often a deadline is extended within its length.
constexpr int kExtensionsPerDeadline = 3;

absl::Status NotHeld() {
  return MakeError(
      Reason::kNotHeld,
      "the stream that brought the event has ended, or it was settled before: if it was not, it comes again");
}

// Splits a message into events and notice. False if it cannot be parsed.
bool ParseMessage(SharedBytes message, uint64_t stream, ReceivedDeliveries& out) {
  out.stream = stream;
  out.bytes = message.view.size() + kMessageOverheadBytes;
  EventBatch events;
  std::string rest;
  if (!events.Decode(std::move(message), rest) || !out.notice.ParseFromString(rest)) return false;
  if (events.empty()) return true;
  std::vector<uint32_t> attempts(out.notice.attempts().begin(), out.notice.attempts().end());
  if (!attempts.empty() && attempts.size() != events.size()) return false;
  auto source = std::make_shared<const DeliverySource>(
      DeliverySource{out.notice.instance(), out.notice.replayed(), out.notice.replay_id(), stream});
  out.batch = DeliveryBatch(std::move(events), std::move(attempts), std::move(source));
  return true;
}

}  // namespace

// Forwards the callbacks of one attempt, with its number.
class ConsumerCore::Observer : public ConsumeObserver {
 public:
  Observer(std::shared_ptr<ConsumerCore> core, uint64_t attempt) : core_(std::move(core)), attempt_(attempt) {}
  void OnMessage(SharedBytes message) override { core_->OnMessage(attempt_, std::move(message)); }
  void OnWritten() override { core_->OnWritten(attempt_); }
  void OnDone(absl::Status status) override { core_->OnDone(attempt_, std::move(status)); }

 private:
  const std::shared_ptr<ConsumerCore> core_;
  const uint64_t attempt_;
};

ConsumerCore::ConsumerCore(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                           v1::ConsumeRequest::Open open, const ConsumeOptions& options)
    : connection_(std::move(connection)),
      timers_(client_options.timers),
      open_timeout_(client_options.open_timeout),
      options_(options),
      open_request_(std::move(open)),
      backoff_(client_options.backoff) {
  NoteProgress();
}

void ConsumerCore::Begin() { StartAttempt(); }

void ConsumerCore::Run(Actions actions) {
  if (actions.call != nullptr) {
    if (!actions.write.view.empty()) actions.call->Write(std::move(actions.write));
    if (actions.read) actions.call->Read();
    if (actions.cancel) actions.call->Cancel();
  }
  if (!actions.calls_back) return;
  for (Settlements::Told& told : actions.told) told.done(told.status);
  if (actions.on_reconnect) actions.on_reconnect();
  absl::MutexLock lock(&mu_);
  --calling_back_;
}

void ConsumerCore::NoteCallbacks(Actions& actions) {
  if (actions.calls_back || (actions.told.empty() && !actions.on_reconnect)) return;
  actions.calls_back = true;
  ++calling_back_;
}

void ConsumerCore::StartAttempt() {
  uint64_t attempt;
  {
    absl::MutexLock lock(&mu_);
    if (ended_) return;
    attempt = ++attempt_;
    retry_ = 0;
    running_ = true;
    reading_ = writing_ = open_ = false;
    cancel_cause_ = absl::OkStatus();
    silent_since_ = timers_->Now();
    ArmWatchdog(open_timeout_);
  }
  const auto call = connection_->Consume(std::make_shared<Observer>(shared_from_this(), attempt));
  Actions actions;
  actions.call = call;
  actions.cancel = true;
  {
    absl::MutexLock lock(&mu_);
    if (IsCurrent(attempt) && cancel_cause_.ok()) {
      call_ = call;
      v1::ConsumeRequest request;
      *request.mutable_open() = open_request_;
      actions.write = SharedBytes::Of(request.SerializeAsString());
      writing_ = reading_ = actions.read = true;
      actions.cancel = false;
    }
  }
  Run(std::move(actions));
}

absl::Duration ConsumerCore::SilenceMax() const {
  if (!open_) return open_timeout_;
  if (heartbeat_interval_ == absl::ZeroDuration()) return absl::InfiniteDuration();
  return kSilentIntervalsMax * heartbeat_interval_;
}

void ConsumerCore::ArmWatchdog(absl::Duration delay) {
  if (delay == absl::InfiniteDuration()) return;
  watchdog_ = timers_->RunAfter(delay, [weak = weak_from_this(), attempt = attempt_] {
    if (const auto core = weak.lock()) core->OnWatchdog(attempt);
  });
}

void ConsumerCore::OnWatchdog(uint64_t attempt) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!IsCurrent(attempt)) return;
    watchdog_ = 0;
    const absl::Duration silence = timers_->Now() - silent_since_;
    const absl::Duration silence_max = SilenceMax();
    if (!reading_) return ArmWatchdog(silence_max);  // No read is pending: silence proves nothing.
    if (silence < silence_max) return ArmWatchdog(silence_max - silence);
    cancel_cause_ = absl::UnavailableError(
        open_ ? absl::StrCat("the stream was silent for ", absl::FormatDuration(silence), ", ", kSilentIntervalsMax,
                             " times its heartbeat interval")
              : absl::StrCat("the stream did not open within ", absl::FormatDuration(open_timeout_)));
    actions.call = call_;
    actions.cancel = true;
  }
  Run(std::move(actions));
}

void ConsumerCore::ArmExtension() {
  if (options_.extend_deadlines_max <= absl::ZeroDuration() || ack_deadline_ <= absl::ZeroDuration()) return;
  extension_ = timers_->RunAfter(ack_deadline_ / kExtensionsPerDeadline, [weak = weak_from_this(), attempt = attempt_] {
    if (const auto core = weak.lock()) core->OnExtend(attempt);
  });
}

void ConsumerCore::OnExtend(uint64_t attempt) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!IsCurrent(attempt)) return;
    const absl::Time progress_at = absl::FromUnixMicros(progress_at_.load(std::memory_order_relaxed));
    if (timers_->Now() - progress_at <= options_.extend_deadlines_max) settlements_.ExtendAll();
    ArmExtension();
    Pump(actions);
  }
  Run(std::move(actions));
}

void ConsumerCore::OnMessage(uint64_t attempt, SharedBytes message) {
  ReceivedDeliveries received;
  if (!ParseMessage(std::move(message), stream(), received)) {
    return End(MakeError(Reason::kDataLoss, "the broker sent a message that cannot be parsed"));
  }
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!IsCurrent(attempt)) return;
    reading_ = false;
    silent_since_ = timers_->Now();
    Deliver(std::move(received), actions);
    CheckFinished(actions);
    Pump(actions);
    changed_.SignalAll();
  }
  Run(std::move(actions));
}

void ConsumerCore::Deliver(ReceivedDeliveries received, Actions& actions) {
  const v1::ConsumeResponse& notice = received.notice;
  if (notice.has_opened()) {
    NoteOpened(notice.opened());
    received.stream = stream();
  }
  if (notice.has_confirmed()) settlements_.OnConfirmed(notice.confirmed().up_to_number(), actions.told);
  NoteCallbacks(actions);
  if (notice.has_refused()) settlements_.OnRefused(notice.refused());
  if (!received.batch.empty()) settlements_.Hold(received.batch);
  credit_out_ -= std::min<uint64_t>(credit_out_, received.batch.size());
  const bool is_for_the_program =
      !received.batch.empty() || notice.has_opened() || notice.has_caught_up() || notice.has_gap();
  if (!is_for_the_program || stopped_) return;
  queue_bytes_ += received.bytes;
  queue_.push_back(std::move(received));
}

void ConsumerCore::NoteOpened(const v1::ConsumeResponse::Opened& opened) {
  open_ = true;
  ++opened_;
  credit_left_ = options_.events_max - std::min(options_.events_max, taken_events_);
  credit_out_ = 0;
  backoff_.Reset();
  open_request_.set_take_over(false);
  heartbeat_interval_ = absl::Milliseconds(opened.heartbeat_interval_ms());
  ack_deadline_ = opened.config().ack_deadline_ms() == 0 ? kAckDeadlineDefault
                                                         : absl::Milliseconds(opened.config().ack_deadline_ms());
  stream_.fetch_add(1, std::memory_order_acq_rel);
  if (watchdog_ != 0) timers_->Cancel(std::exchange(watchdog_, 0));
  ArmWatchdog(SilenceMax());
  ArmExtension();
}

void ConsumerCore::Pump(Actions& actions) {
  if (ended_ || !running_ || call_ == nullptr) return;
  // With a full buffer, still read if a thread waits for a confirmation before it goes on.
  const bool awaited = settlements_.awaited() || (flushing_ > 0 && !settlements_.idle());
  if (!reading_ && (queue_bytes_ < options_.buffered_bytes_max || awaited)) {
    reading_ = actions.read = true;
    silent_since_ = timers_->Now();
  }
  actions.call = call_;
  if (!open_ || writing_) return;
  v1::ConsumeRequest request;
  if (const uint32_t credit = TakeCredit(); credit > 0) {
    request.mutable_credit()->set_events(credit);
  } else if (settlements_.has_unsent()) {
    request = settlements_.TakeRequest();
  } else {
    return;
  }
  writing_ = true;
  actions.write = SharedBytes::Of(request.SerializeAsString());
}

uint32_t ConsumerCore::TakeCredit() {
  if (options_.events_max == 0) return 0;
  if (credit_out_ > kCreditMax / 2) return 0;  // Enough is left: do not send a request for each message.
  const uint64_t credit = std::min(credit_left_, kCreditMax - credit_out_);
  credit_left_ -= credit;
  credit_out_ += credit;
  return static_cast<uint32_t>(credit);
}

void ConsumerCore::OnWritten(uint64_t attempt) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!IsCurrent(attempt)) return;
    writing_ = false;
    Pump(actions);
  }
  Run(std::move(actions));
}

absl::Status ConsumerCore::Take(absl::Time deadline, ReceivedDeliveries& message) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    while (true) {
      if (ended_ && !status_.ok()) return status_;
      if (stopped_ || ended_) return absl::CancelledError("the consumer was closed");
      if (!queue_.empty()) break;
      if (changed_.WaitWithDeadline(&mu_, deadline) && queue_.empty() && !stopped_ && !ended_) {
        return absl::DeadlineExceededError("no event came in time");
      }
    }
    message = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= message.bytes;
    taken_events_ += message.batch.size();
    Pump(actions);
  }
  Run(std::move(actions));
  return absl::OkStatus();
}

void ConsumerCore::GiveBack(size_t events) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    taken_events_ -= events;
    credit_left_ += events;
    Pump(actions);
  }
  Run(std::move(actions));
}

void ConsumerCore::Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors,
                          const v1::Settlement& action, SettledCallback done) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    const bool held =
        !ended_ && open_ && source.stream == stream() && settlements_.Settle(source, cursors, action, done);
    if (!held && done) actions.told.push_back({std::move(done), ended_ && !status_.ok() ? status_ : NotHeld()});
    NoteCallbacks(actions);
    if (held) Pump(actions);
  }
  Run(std::move(actions));
}

void ConsumerCore::SettleUpTo(const DeliverySource& source, uint64_t cursor, const v1::Settlement& action,
                              SettledCallback done) {
  std::vector<uint64_t> cursors;
  {
    absl::MutexLock lock(&mu_);
    if (source.stream == stream()) cursors = settlements_.HeldUpTo(source, cursor);
  }
  Settle(source, cursors, action, std::move(done));
}

absl::Status ConsumerCore::Flush(absl::Time deadline) {
  Actions actions;
  uint64_t losses;
  {
    absl::MutexLock lock(&mu_);
    ++flushing_;
    losses = losses_;
    Pump(actions);
  }
  Run(std::move(actions));
  absl::MutexLock lock(&mu_);
  while (!settlements_.idle() && losses_ == losses) {
    if (changed_.WaitWithDeadline(&mu_, deadline) && !settlements_.idle() && losses_ == losses) {
      --flushing_;
      return absl::DeadlineExceededError("not everything was confirmed in time");
    }
  }
  --flushing_;
  if (losses_ == losses) return ended_ ? status_ : absl::OkStatus();
  return absl::UnavailableError("the stream ended before everything was confirmed: some of it may come again");
}

void ConsumerCore::DropStream(const absl::Status& why, Actions& actions) {
  stream_.fetch_add(1, std::memory_order_acq_rel);
  queue_.clear();
  queue_bytes_ = 0;
  const absl::Status unconfirmed = absl::UnavailableError(
      absl::StrCat("the stream ended before the settlement was confirmed: it may count or not (", why.message(), ")"));
  if (settlements_.Reset(unconfirmed, actions.told)) ++losses_;
  NoteCallbacks(actions);
}

void ConsumerCore::OnDone(uint64_t attempt, absl::Status status) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!IsCurrent(attempt)) return;
    CancelTimers();
    running_ = open_ = false;
    call_.reset();
    if (!cancel_cause_.ok()) status = cancel_cause_;
    if (status.ok()) status = absl::UnavailableError("the broker ended the stream");
    DropStream(status, actions);
    const std::optional<absl::Duration> delay = MayReopen(status) && !finishing_ ? backoff_.Next() : std::nullopt;
    if (delay) {
      if (options_.on_reconnect) {
        actions.on_reconnect = [this, attempt = backoff_.attempt(), status] { options_.on_reconnect(attempt, status); };
        NoteCallbacks(actions);
      }
      retry_ = timers_->RunAfter(std::max(*delay, RetryAfter(status).value_or(absl::ZeroDuration())),
                                 [weak = weak_from_this()] {
                                   if (const auto core = weak.lock()) core->StartAttempt();
                                 });
    } else {
      EndLocked(finishing_ ? absl::OkStatus() : status, actions);
    }
    changed_.SignalAll();
  }
  Run(std::move(actions));
}

void ConsumerCore::CancelTimers() {
  for (Timers::Id* const timer : {&watchdog_, &extension_, &retry_, &finish_}) {
    if (*timer != 0) timers_->Cancel(std::exchange(*timer, 0));
  }
}

void ConsumerCore::StopTaking() {
  absl::MutexLock lock(&mu_);
  stopped_ = true;
  queue_.clear();
  queue_bytes_ = 0;
  changed_.SignalAll();
}

void ConsumerCore::Finish(absl::Duration timeout) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (ended_ || finishing_) return;
    stopped_ = finishing_ = true;
    finish_ = timers_->RunAfter(timeout, [weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->End(absl::OkStatus());
    });
    CheckFinished(actions);
    changed_.SignalAll();
  }
  Run(std::move(actions));
}

void ConsumerCore::CheckFinished(Actions& actions) {
  // Between streams nothing can be confirmed.
  if (finishing_ && !ended_ && (settlements_.idle() || !running_)) EndLocked(absl::OkStatus(), actions);
}

void ConsumerCore::End(absl::Status status) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (ended_) return;
    EndLocked(std::move(status), actions);
  }
  Run(std::move(actions));
}

void ConsumerCore::EndLocked(absl::Status status, Actions& actions) {
  ended_ = stopped_ = true;
  DropStream(status, actions);
  status_ = std::move(status);
  running_ = false;
  actions.call = std::move(call_);
  actions.cancel = true;
  actions.read = false;
  actions.write = {};
  CancelTimers();
  changed_.SignalAll();
}

absl::Status ConsumerCore::WaitForOpen(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  while (opened_ == 0 && !ended_) {
    if (changed_.WaitWithDeadline(&mu_, deadline) && opened_ == 0 && !ended_) {
      return absl::DeadlineExceededError("no stream was opened in time");
    }
  }
  if (opened_ != 0) return absl::OkStatus();
  return status_.ok() ? absl::CancelledError("the consumer was closed") : status_;
}

bool ConsumerCore::taking() const {
  absl::MutexLock lock(&mu_);
  return !stopped_;
}

void ConsumerCore::WaitForEnd() {
  absl::MutexLock lock(&mu_);
  const auto nobody_is_called = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return ended_ && calling_back_ == 0; };
  mu_.Await(absl::Condition(&nobody_is_called));
}

absl::Status ConsumerCore::status() const {
  absl::MutexLock lock(&mu_);
  return status_;
}

}  // namespace playhead::internal
