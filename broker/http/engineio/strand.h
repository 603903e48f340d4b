// A strand: runs tasks one at a time and in order, on whichever thread brings them.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_STRAND_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_STRAND_H_

#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker::http::engineio {

// What belongs to a session comes from the threads of several connections, from timers and from the log; here it
// becomes one sequence without a lock being held while a task runs. Who brings a task while none is running runs it,
// and what others bring meanwhile; otherwise it is left to the one who does.
//
// Thread safety: Run may be called from any thread, tasks included: those run what they bring after themselves.
// Bounds: none of its own; who brings tasks bounds them.
class Strand {
 public:
  // The strand must live until this has returned, whatever the tasks do.
  void Run(absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::MutexLock lock(&mu_);
      tasks_.push_back(std::move(task));
      if (std::exchange(running_, true)) return;
    }
    for (;;) {
      absl::AnyInvocable<void()> next;
      {
        absl::MutexLock lock(&mu_);
        if (tasks_.empty()) {
          running_ = false;
          return;
        }
        next = std::move(tasks_.front());
        tasks_.pop_front();
      }
      next();
    }
  }

 private:
  absl::Mutex mu_;  // Guards the members below it.
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool running_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_STRAND_H_
