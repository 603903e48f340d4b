// A fixed number of threads that run tasks in the order in which they were posted.
#ifndef PLAYHEAD_STORAGE_EXECUTOR_H_
#define PLAYHEAD_STORAGE_EXECUTOR_H_

#include <memory>

#include "absl/functional/any_invocable.h"

namespace playhead::storage {

// Thread safety: Post may be called from any thread, tasks included.
// Bounds: the queue itself is unbounded; callers bound the number of tasks they have in flight.
class Executor {
 public:
  explicit Executor(int threads);
  ~Executor();  // Joins.
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `task` on one of the threads. Tasks start in order; with one thread they also end in order.
  void Post(absl::AnyInvocable<void()> task);

  // Runs all posted tasks, including those posted meanwhile, then stops the threads. Not from a task.
  void Join();

 private:
  class Pool;
  std::shared_ptr<Pool> pool_;  // Shared with threads inside Post.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_EXECUTOR_H_
