// ChangeQueue: runs asynchronous changes of one thing one at a time, in the order in which they were added.
#ifndef PLAYHEAD_BROKER_CHANGE_QUEUE_H_
#define PLAYHEAD_BROKER_CHANGE_QUEUE_H_

#include <cstddef>
#include <deque>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker {

// A change gets a callback, and calls it once with its result, inside its own call or later, on any thread. The queue
// then calls the change's `done` with the result, and starts the next change:
//
//   changes_.Add(std::move(done), [this](storage::StatusCallback finish) { records_.Write(rows, std::move(finish)); });
//
// A change starts inside a call of Add, possibly that of another change, or on the thread on which an earlier change
// finished, but never before the call of the earlier change has returned. No lock is held while a change or a `done`
// runs. The stack does not grow with the number of changes, even if all finish inside their own calls.
//
// Thread safety: all methods may be called from any thread, also from changes and from `done`, but not with a lock held
// that a change or a `done` takes.   Blocking: none, beyond what the changes and `done` do.
// Ownership: must outlive the change in progress. Waiting changes are dropped when the queue is destroyed, and their
// `done` is not called. A change that drops its callback without calling it stops the queue.
class ChangeQueue {
 public:
  // `Result` is absl::Status or an absl::StatusOr, so that these are storage::StatusCallback and storage::Callback.
  template <typename Result>
  using Done = absl::AnyInvocable<void(Result) &&>;
  template <typename Result>
  using Change = absl::AnyInvocable<void(Done<Result>) &&>;

  // At most `waiting_max` changes, at least 1, wait for the one in progress. `what` names the things that are changed,
  // for the refusal's message; it must be a literal.
  ChangeQueue(size_t waiting_max, absl::string_view what) : waiting_max_(waiting_max), what_(what) {}
  ChangeQueue(const ChangeQueue&) = delete;
  ChangeQueue& operator=(const ChangeQueue&) = delete;

  // Runs `change` after those added before it, and then calls `done` once with its result.
  //   ResourceExhausted  APPEND_QUEUE_FULL: `waiting_max` wait. `done` is called with it inside the call.
  template <typename Result>
  void Add(Done<Result> done, std::type_identity_t<Change<Result>> change) ABSL_LOCKS_EXCLUDED(mu_) {
    AddWithin<Result>(waiting_max_, std::move(done), std::move(change));
  }
  // The same for a change that is never refused; the caller bounds the number of these.
  template <typename Result>
  void AddEvenIfFull(Done<Result> done, std::type_identity_t<Change<Result>> change) ABSL_LOCKS_EXCLUDED(mu_) {
    AddWithin<Result>(std::numeric_limits<size_t>::max(), std::move(done), std::move(change));
  }

 private:
  template <typename Result>
  void AddWithin(size_t waiting_max, Done<Result> done, Change<Result> change) ABSL_LOCKS_EXCLUDED(mu_) {
    {
      absl::ReleasableMutexLock lock(&mu_);
      if (waiting_.size() >= waiting_max) {
        lock.Release();
        return std::move(done)(Full());
      }
      waiting_.push_back([this, done = std::move(done), change = std::move(change)]() mutable {
        std::move(change)([this, done = std::move(done)](Result result) mutable {
          std::move(done)(std::move(result));
          OnFinished();
        });
      });
    }
    StartNext();
  }

  absl::Status Full() const;
  void OnFinished() ABSL_LOCKS_EXCLUDED(mu_);
  // Starts waiting changes until one stays in progress or none waits. Only one thread does so at a time: if a change
  // finishes inside its own call, or before that returns, the loop of the thread that started it starts the next one.
  void StartNext() ABSL_LOCKS_EXCLUDED(mu_);

  const size_t waiting_max_;
  const absl::string_view what_;

  absl::Mutex mu_;  // Guards the members below it.
  std::deque<absl::AnyInvocable<void() &&>> waiting_ ABSL_GUARDED_BY(mu_);
  bool changing_ ABSL_GUARDED_BY(mu_) = false;  // A change is in progress.
  bool starting_ ABSL_GUARDED_BY(mu_) = false;  // A thread is in the loop of StartNext.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CHANGE_QUEUE_H_
