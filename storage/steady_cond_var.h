// A condition variable whose timeouts go by elapsed time, even if the machine's clock is set meanwhile.
//
// absl::CondVar and Mutex::AwaitWithTimeout (20220623) wait until the wall clock shows a time: if the clock is set back
// by an hour during a wait of a second, the wait takes an hour. Threads that must wake up by themselves use this class.
#ifndef PLAYHEAD_STORAGE_STEADY_COND_VAR_H_
#define PLAYHEAD_STORAGE_STEADY_COND_VAR_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace playhead::storage {

// Thread safety: all methods. The code that changes the awaited state must signal; waits may end spuriously.
class SteadyCondVar {
 public:
  void Signal() { changed_.notify_one(); }
  void SignalAll() { changed_.notify_all(); }

  void Wait(absl::Mutex* mu) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    Lockable lock{mu};
    changed_.wait(lock);
  }

  void WaitUntil(absl::Mutex* mu, std::chrono::steady_clock::time_point deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    Lockable lock{mu};
    changed_.wait_until(lock, deadline);
  }

  // Waits until `condition()` holds or `timeout` (at most a day) has passed. Returns whether the condition holds.
  template <typename Condition>
  bool AwaitWithTimeout(absl::Mutex* mu, Condition condition, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const auto deadline =
        std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(timeout, absl::Hours(24)));
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      WaitUntil(mu, deadline);
    }
    return true;
  }

 private:
  // The mutex under the method names of the standard library.
  struct Lockable {
    void lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu->Lock(); }
    void unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { mu->Unlock(); }
    absl::Mutex* mu;
  };

  std::condition_variable_any changed_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STEADY_COND_VAR_H_
