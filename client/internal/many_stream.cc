#include "client/internal/many_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::internal {
namespace {

// What a queued message costs beyond its bytes.
constexpr size_t kMessageOverheadBytes = 256;

// A stream that is silent for this many heartbeat intervals is dead.
constexpr int kSilentIntervalsMax = 3;

}  // namespace

// Forwards the callbacks of one attempt, with its number.
class ManyStream::Observer : public SubscribeObserver {
 public:
  Observer(std::shared_ptr<ManyStream> stream, uint64_t attempt) : stream_(std::move(stream)), attempt_(attempt) {}
  void OnMessage(SharedBytes message) override { stream_->OnMessage(attempt_, std::move(message)); }
  void OnDone(absl::Status status) override { stream_->OnDone(attempt_, std::move(status)); }

 private:
  const std::shared_ptr<ManyStream> stream_;
  const uint64_t attempt_;
};

ManyStream::ManyStream(std::shared_ptr<Connection> connection, const ClientOptions& options,
                       v1::SubscribeManyRequest request, size_t buffered_bytes_max,
                       std::function<void(int, const absl::Status&)> on_reconnect)
    : connection_(std::move(connection)),
      open_timeout_(options.open_timeout),
      buffered_bytes_max_(buffered_bytes_max),
      on_reconnect_(std::move(on_reconnect)),
      request_(std::move(request)),
      backoff_(options.backoff) {}

void ManyStream::SetHeartbeatInterval(absl::Duration interval) {
  absl::MutexLock lock(&mu_);
  heartbeat_interval_ = interval;
}

absl::Duration ManyStream::SilenceMax() const {
  return heartbeat_interval_ == absl::ZeroDuration() ? open_timeout_ : kSilentIntervalsMax * heartbeat_interval_;
}

void ManyStream::Close() {
  std::shared_ptr<SubscribeCall> call;
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    call = EndAttempt(absl::OkStatus());
    changed_.SignalAll();
  }
  if (call != nullptr) call->Cancel();
}

std::shared_ptr<SubscribeCall> ManyStream::EndAttempt(absl::Status status) {
  running_ = false;
  ended_ = std::move(status);
  return std::exchange(call_, nullptr);
}

std::shared_ptr<SubscribeCall> ManyStream::ClaimRead() {
  if (!running_ || reading_ || call_ == nullptr || queue_bytes_ >= buffered_bytes_max_) return nullptr;
  reading_ = true;
  heard_at_ = absl::Now();  // No read was pending until now: the silence before proves nothing.
  return call_;
}

void ManyStream::Open(const std::string& position) {
  v1::SubscribeManyRequest request;
  uint64_t attempt;
  {
    absl::MutexLock lock(&mu_);
    if (!position.empty()) request_.set_after_position(position);
    request = request_;
    attempt = ++attempt_;
    running_ = true;
    reading_ = false;
    heartbeat_interval_ = absl::ZeroDuration();
    heard_at_ = absl::Now();
    queue_.clear();  // The new stream repeats what was not taken.
    queue_bytes_ = 0;
  }
  const auto call = connection_->SubscribeMany(request, std::make_shared<Observer>(shared_from_this(), attempt));
  bool read = false;
  {
    absl::MutexLock lock(&mu_);
    if (running_ && attempt == attempt_ && !closed_) {
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

void ManyStream::OnMessage(uint64_t attempt, SharedBytes message) {
  std::shared_ptr<SubscribeCall> next;
  {
    absl::MutexLock lock(&mu_);
    if (!running_ || attempt != attempt_) return;
    reading_ = false;
    heard_at_ = absl::Now();
    backoff_.Reset();
    queue_bytes_ += message.view.size() + kMessageOverheadBytes;
    queue_.push_back(std::move(message));
    next = ClaimRead();
    changed_.SignalAll();
  }
  if (next != nullptr) next->Read();
}

void ManyStream::OnDone(uint64_t attempt, absl::Status status) {
  absl::MutexLock lock(&mu_);
  if (!running_ || attempt != attempt_) return;
  EndAttempt(status.ok() ? absl::UnavailableError("the broker ended the stream") : std::move(status));
  changed_.SignalAll();
}

absl::Status ManyStream::Take(absl::Time deadline, const std::string& position, SharedBytes& message) {
  for (;;) {
    std::shared_ptr<SubscribeCall> dead;
    std::shared_ptr<SubscribeCall> next;
    bool open = false;
    int failed_attempt = 0;
    absl::Status cause;
    {
      absl::MutexLock lock(&mu_);
      if (closed_) return absl::CancelledError("the subscription was closed");
      if (!queue_.empty()) {
        message = std::move(queue_.front());
        queue_.pop_front();
        queue_bytes_ -= message.view.size() + kMessageOverheadBytes;
        next = ClaimRead();
      } else if (!terminal_.ok()) {
        return terminal_;
      } else if (!running_ && !ended_.ok()) {
        cause = std::exchange(ended_, absl::OkStatus());
        const std::optional<absl::Duration> delay = MayReopen(cause) ? backoff_.Next() : std::nullopt;
        if (!delay) return terminal_ = cause;
        reopen_at_ = absl::Now() + std::max(*delay, RetryAfter(cause).value_or(absl::ZeroDuration()));
        failed_attempt = backoff_.attempt();
      } else if (!running_ && absl::Now() >= reopen_at_) {
        open = true;
      } else if (running_ && reading_ && absl::Now() - heard_at_ >= SilenceMax()) {
        dead = EndAttempt(
            absl::UnavailableError(absl::StrCat("the stream was silent for ", absl::FormatDuration(SilenceMax()))));
      } else {
        const absl::Time wake_at = running_ ? heard_at_ + SilenceMax() : reopen_at_;
        if (absl::Now() >= deadline) return absl::DeadlineExceededError("no event came in time");
        changed_.WaitWithDeadline(&mu_, std::min(deadline, wake_at));
        continue;
      }
    }
    if (failed_attempt > 0 && on_reconnect_) on_reconnect_(failed_attempt, cause);
    if (dead != nullptr) dead->Cancel();
    if (open) Open(position);
    if (next != nullptr) next->Read();
    if (message.owner != nullptr) return absl::OkStatus();
  }
}

}  // namespace playhead::internal
