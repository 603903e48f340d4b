#include "broker/timer_queue.h"

#include <utility>

namespace playhead::broker {
namespace {

// At most this many tasks run in one post to the executor, so that thousands that are due at once spread over its
// threads.
constexpr size_t kTasksPerPost = 64;

}  // namespace

TimerQueue::TimerQueue(storage::Executor& executor) : executor_(executor), thread_([this] { Run(); }) {}

TimerQueue::~TimerQueue() { Stop(); }

TimerQueue::Id TimerQueue::Schedule(SteadyTime deadline, absl::AnyInvocable<void()> task) {
  absl::MutexLock lock(&mu_);
  const Id id{deadline, ++last_number_};
  if (stopping_) return id;
  const bool earliest = timers_.empty() || id < timers_.begin()->first;
  timers_.emplace(id, std::move(task));
  if (earliest) changed_.Signal();
  return id;
}

bool TimerQueue::Cancel(const Id& id) {
  absl::AnyInvocable<void()> task;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mu_);
  const auto found = timers_.find(id);
  if (found == timers_.end()) return false;
  task = std::move(found->second);
  timers_.erase(found);
  return true;
}

void TimerQueue::Stop() {
  absl::btree_map<Id, absl::AnyInvocable<void()>> dropped;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    dropped.swap(timers_);
    changed_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

size_t TimerQueue::size() const {
  absl::MutexLock lock(&mu_);
  return timers_.size();
}

TimerQueue::Tasks TimerQueue::TakeDue(SteadyTime now) {
  Tasks due;
  auto end = timers_.begin();
  for (; end != timers_.end() && end->first.deadline <= now && due.size() < kTasksPerPost; ++end) {
    due.push_back(std::move(end->second));
  }
  timers_.erase(timers_.begin(), end);
  return due;
}

void TimerQueue::Run() {
  absl::MutexLock lock(&mu_);
  while (!stopping_) {
    if (timers_.empty()) {
      changed_.Wait(&mu_);
      continue;
    }
    const SteadyTime now = SteadyNow();
    const SteadyTime earliest = timers_.begin()->first.deadline;
    if (earliest > now) {
      changed_.WaitUntil(&mu_, earliest);
      continue;
    }
    executor_.Post([due = TakeDue(now)]() mutable {
      for (absl::AnyInvocable<void()>& task : due) task();
    });
  }
}

}  // namespace playhead::broker
