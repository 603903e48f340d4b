// A timer queue for hundreds of thousands of timers: one thread waits for all of them and posts due tasks to an
// executor.
#ifndef PLAYHEAD_BROKER_TIMER_QUEUE_H_
#define PLAYHEAD_BROKER_TIMER_QUEUE_H_

#include <chrono>
#include <compare>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/executor.h"
#include "storage/steady_cond_var.h"

namespace playhead::broker {

// Monotonic time.
using SteadyTime = std::chrono::steady_clock::time_point;
inline SteadyTime SteadyNow() { return std::chrono::steady_clock::now(); }

// Thread safety: all methods may be called from any thread, with the caller's locks held, and from tasks; but Stop and
// the destructor not from tasks.
// Blocking: none, except Stop.   Ownership: borrows `executor`.
// Cost: about 100 bytes a timer and logarithmic time for each call.
class TimerQueue {
 public:
  // Identifies a timer; a default-constructed Id identifies none.
  struct Id {
    SteadyTime deadline;
    uint64_t number = 0;
    friend auto operator<=>(const Id&, const Id&) = default;
  };

  explicit TimerQueue(storage::Executor& executor);
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  // Runs `task` once on the executor, not before `deadline`.
  Id Schedule(SteadyTime deadline, absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

  // True if the task will now not run. False if it has run, is about to, or there is no such timer.
  bool Cancel(const Id& id) ABSL_LOCKS_EXCLUDED(mu_);

  // Drops all timers and ends the thread. What is scheduled afterwards never runs.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Tasks = std::vector<absl::AnyInvocable<void()>>;

  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  // Removes and returns the tasks due at `now`, at most one post to the executor's worth.
  Tasks TakeDue(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  storage::Executor& executor_;
  mutable absl::Mutex mu_;          // Guards the members below it.
  storage::SteadyCondVar changed_;  // Signalled when the earliest deadline changes, or `stopping_`.
  absl::btree_map<Id, absl::AnyInvocable<void()>> timers_ ABSL_GUARDED_BY(mu_);
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // Last: it uses the members above.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_TIMER_QUEUE_H_
