#include "client/mocks/fake_timers.h"

namespace playhead {

absl::Time FakeTimers::Now() {
  absl::MutexLock lock(&mu_);
  return now_;
}

Timers::Id FakeTimers::RunAfter(absl::Duration delay, absl::AnyInvocable<void()> run) {
  absl::MutexLock lock(&mu_);
  const Id id = ++last_id_;
  waiting_.emplace(std::make_pair(now_ + delay, id), std::move(run));
  return id;
}

bool FakeTimers::Cancel(Id id) {
  absl::AnyInvocable<void()> dropped;  // Destroyed after the lock is released: it may own anything.
  absl::MutexLock lock(&mu_);
  for (auto timer = waiting_.begin(); timer != waiting_.end(); ++timer) {
    if (timer->first.second != id) continue;
    dropped = std::move(timer->second);
    waiting_.erase(timer);
    return true;
  }
  return false;
}

void FakeTimers::Advance(absl::Duration duration) {
  absl::Time until;
  {
    absl::MutexLock lock(&mu_);
    until = now_ + duration;
  }
  while (true) {
    absl::AnyInvocable<void()> run;
    {
      absl::MutexLock lock(&mu_);
      const auto next = waiting_.begin();
      if (next == waiting_.end() || next->first.first > until) {
        now_ = until;
        return;
      }
      now_ = std::max(now_, next->first.first);
      run = std::move(next->second);
      waiting_.erase(next);
    }
    run();
  }
}

std::optional<absl::Duration> FakeTimers::NextDelay() {
  absl::MutexLock lock(&mu_);
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first.first - now_;
}

}  // namespace playhead
