#include "client/internal/subscription_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::internal {
namespace {

// What a queued message costs beyond its bytes.
constexpr size_t kMessageOverheadBytes = 256;

// A stream that is silent for this many heartbeat intervals is dead.
constexpr int kSilentIntervalsMax = 3;

}  // namespace

// Forwards the callbacks of one attempt, with its number.
class SubscriptionCore::Observer : public SubscribeObserver {
 public:
  Observer(std::shared_ptr<SubscriptionCore> core, uint64_t attempt) : core_(std::move(core)), attempt_(attempt) {}
  void OnMessage(SharedBytes message) override { core_->OnMessage(attempt_, std::move(message)); }
  void OnDone(absl::Status status) override { core_->OnDone(attempt_, std::move(status)); }

 private:
  const std::shared_ptr<SubscriptionCore> core_;
  const uint64_t attempt_;
};

SubscriptionCore::SubscriptionCore(std::shared_ptr<Connection> connection, const ClientOptions& options,
                                   v1::SubscribeRequest request, size_t buffered_bytes_max,
                                   std::function<void(int, const absl::Status&)> on_reconnect)
    : connection_(std::move(connection)),
      timers_(options.timers),
      open_timeout_(options.open_timeout),
      buffered_bytes_max_(buffered_bytes_max),
      on_reconnect_(std::move(on_reconnect)),
      position_(request.start().after_cursor()),
      request_(std::move(request)),
      position_known_(request_.start().has_after_cursor()),
      backoff_(options.backoff) {}

void SubscriptionCore::Begin() { StartAttempt(); }

void SubscriptionCore::StartAttempt() {
  v1::SubscribeRequest request;
  uint64_t attempt;
  {
    absl::MutexLock lock(&mu_);
    if (ended_) return;
    if (position_known_) request_.mutable_start()->set_after_cursor(position());
    request = request_;
    attempt = ++attempt_;
    retry_ = 0;
    running_ = true;
    reading_ = false;
    open_ = false;
    cancel_cause_ = absl::OkStatus();
    silent_since_ = timers_->Now();
    ArmWatchdog(open_timeout_);
  }
  const auto call = connection_->Subscribe(request, std::make_shared<Observer>(shared_from_this(), attempt));
  bool read = false;
  {
    absl::MutexLock lock(&mu_);
    if (!ended_ && running_ && attempt == attempt_ && cancel_cause_.ok()) {
      call_ = call;
      reading_ = read = true;
    }
  }
  if (read) {
    call->Read();
  } else {
    call->Cancel();
  }
}

absl::Duration SubscriptionCore::SilenceMax() const {
  if (!open_) return open_timeout_;
  if (heartbeat_interval_ == absl::ZeroDuration()) return absl::InfiniteDuration();
  return kSilentIntervalsMax * heartbeat_interval_;
}

void SubscriptionCore::ArmWatchdog(absl::Duration delay) {
  if (delay == absl::InfiniteDuration()) return;
  watchdog_ = timers_->RunAfter(delay, [weak = weak_from_this(), attempt = attempt_] {
    if (const auto core = weak.lock()) core->OnWatchdog(attempt);
  });
}

void SubscriptionCore::OnWatchdog(uint64_t attempt) {
  std::shared_ptr<SubscribeCall> dead;
  {
    absl::MutexLock lock(&mu_);
    if (ended_ || !running_ || attempt != attempt_) return;
    watchdog_ = 0;
    const absl::Duration silence = timers_->Now() - silent_since_;
    const absl::Duration silence_max = SilenceMax();
    if (!reading_) return ArmWatchdog(silence_max);  // No read is pending: silence proves nothing.
    if (silence < silence_max) return ArmWatchdog(silence_max - silence);
    cancel_cause_ = absl::UnavailableError(
        open_ ? absl::StrCat("the stream was silent for ", absl::FormatDuration(silence), ", ", kSilentIntervalsMax,
                             " times its heartbeat interval")
              : absl::StrCat("the stream did not open within ", absl::FormatDuration(open_timeout_)));
    dead = call_;
  }
  if (dead != nullptr) dead->Cancel();
}

void SubscriptionCore::OnMessage(uint64_t attempt, SharedBytes message) {
  Received received;
  if (!message.view.empty() && message.view[0] == kEventsTag) {
    received.events = std::move(message);
  } else if (!received.notice.ParseFromArray(message.view.data(), static_cast<int>(message.view.size()))) {
    return End(MakeError(Reason::kDataLoss, "the broker sent a message that cannot be parsed"), /*drop=*/false);
  }
  std::shared_ptr<SubscribeCall> next;
  {
    absl::MutexLock lock(&mu_);
    if (ended_ || !running_ || attempt != attempt_) return;
    reading_ = false;
    silent_since_ = timers_->Now();
    backoff_.Reset();
    if (received.notice.has_start()) NoteOpened(received.notice.start());
    if (received.notice.has_heartbeat()) head_cursor_.store(received.notice.heartbeat().head_cursor());
    Queue(std::move(received));
    next = ClaimRead();
    changed_.SignalAll();
  }
  if (next != nullptr) next->Read();
}

void SubscriptionCore::NoteOpened(const v1::SubscribeResponse::Started& started) {
  open_ = true;
  heartbeat_interval_ = absl::Milliseconds(started.heartbeat_interval_ms());
  head_cursor_.store(started.head_cursor());
  if (!position_known_) {
    // The broker has resolved a time, `now` or `beginning` to a cursor: later attempts resume there.
    position_known_ = true;
    SetPosition(started.cursor());
  }
  queue_.clear();
  queue_bytes_ = 0;
  stream_.fetch_add(1, std::memory_order_acq_rel);
  if (watchdog_ != 0) timers_->Cancel(std::exchange(watchdog_, 0));
  ArmWatchdog(SilenceMax());
}

void SubscriptionCore::Queue(Received received) {
  received.stream = stream();
  // Of several heartbeats in a row, only the last matters.
  if (received.notice.has_heartbeat() && !queue_.empty() && queue_.back().notice.has_heartbeat()) {
    queue_.back() = std::move(received);
    return;
  }
  queue_bytes_ += received.events.view.size() + kMessageOverheadBytes;
  queue_.push_back(std::move(received));
}

std::shared_ptr<SubscribeCall> SubscriptionCore::ClaimRead() {
  if (ended_ || !running_ || reading_ || call_ == nullptr || queue_bytes_ >= buffered_bytes_max_) return nullptr;
  reading_ = true;
  silent_since_ = timers_->Now();
  return call_;
}

absl::Status SubscriptionCore::Take(absl::Time deadline, Received& message) {
  std::shared_ptr<SubscribeCall> next;
  {
    absl::MutexLock lock(&mu_);
    while (true) {
      if (ended_ && status_.ok()) return absl::CancelledError("the subscription was closed");
      if (!queue_.empty()) break;
      if (ended_) return status_;
      if (changed_.WaitWithDeadline(&mu_, deadline) && queue_.empty() && !ended_) {
        return absl::DeadlineExceededError("no event came in time");
      }
    }
    message = std::move(queue_.front());
    queue_.pop_front();
    queue_bytes_ -= message.events.view.size() + kMessageOverheadBytes;
    next = ClaimRead();
  }
  if (next != nullptr) next->Read();
  return absl::OkStatus();
}

void SubscriptionCore::OnDone(uint64_t attempt, absl::Status status) {
  int failed_attempt = 0;
  {
    absl::MutexLock lock(&mu_);
    if (ended_ || !running_ || attempt != attempt_) return;
    running_ = false;
    call_.reset();
    if (watchdog_ != 0) timers_->Cancel(std::exchange(watchdog_, 0));
    if (!cancel_cause_.ok()) status = cancel_cause_;
    if (status.ok()) status = absl::UnavailableError("the broker ended the stream");
    const std::optional<absl::Duration> delay = MayReopen(status) ? backoff_.Next() : std::nullopt;
    if (delay) {
      failed_attempt = backoff_.attempt();
      retry_ = timers_->RunAfter(*delay, [weak = weak_from_this()] {
        if (const auto core = weak.lock()) core->StartAttempt();
      });
      if (on_reconnect_) ++calling_back_;
    }
  }
  if (failed_attempt == 0) {
    End(std::move(status), /*drop=*/false);
  } else if (on_reconnect_) {
    on_reconnect_(failed_attempt, status);
    absl::MutexLock lock(&mu_);
    --calling_back_;
  }
}

void SubscriptionCore::End(absl::Status status, bool drop) {
  std::shared_ptr<SubscribeCall> call;
  std::deque<Received> dropped;
  {
    absl::MutexLock lock(&mu_);
    if (ended_) return;
    ended_ = true;
    status_ = std::move(status);
    ended_flag_.store(true, std::memory_order_release);
    running_ = false;
    call = std::move(call_);
    if (watchdog_ != 0) timers_->Cancel(watchdog_);
    if (retry_ != 0) timers_->Cancel(retry_);
    if (drop) dropped.swap(queue_);
    changed_.SignalAll();
  }
  if (call != nullptr) call->Cancel();
}

absl::Status SubscriptionCore::WaitForOpen(absl::Time deadline) {
  absl::MutexLock lock(&mu_);
  while (stream() == 0 && !ended_) {
    if (changed_.WaitWithDeadline(&mu_, deadline) && stream() == 0 && !ended_) {
      return absl::DeadlineExceededError("no stream was opened in time");
    }
  }
  if (stream() != 0) return absl::OkStatus();
  return status_.ok() ? absl::CancelledError("the subscription was closed") : status_;
}

void SubscriptionCore::WaitForEnd() {
  absl::MutexLock lock(&mu_);
  const auto nobody_is_called = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return ended_ && calling_back_ == 0; };
  mu_.Await(absl::Condition(&nobody_is_called));
}

absl::Status SubscriptionCore::status() const {
  absl::MutexLock lock(&mu_);
  return status_;
}

}  // namespace playhead::internal
