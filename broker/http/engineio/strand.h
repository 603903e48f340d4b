// A strand: runs tasks one at a time and in order, on the threads that submit them.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_STRAND_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_STRAND_H_

#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker::http::engineio {

// Tasks of a session come from the threads of several connections, from timers and from the log. The strand serialises
// them without holding a lock while a task runs. A thread that submits a task while none is running runs it, and also
// those that are submitted in the meantime; otherwise the running thread will.
//
// Thread safety: Run may be called from any thread, also from tasks: then the new task runs after the current one.
// Bounds: none of its own; submitters bound the number of tasks.
class Strand {
 public:
  // The strand must outlive this call, whatever the tasks do.
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
