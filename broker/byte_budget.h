// A bounded number of bytes that many users share: appends in flight, deliveries in memory.
#ifndef PLAYHEAD_BROKER_BYTE_BUDGET_H_
#define PLAYHEAD_BROKER_BYTE_BUDGET_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/executor.h"

namespace playhead::broker {

// Thread safety: all methods may be called from any thread, also with the caller's locks held.   Blocking: none.
// Ownership: borrows `executor`; must outlive its grants. Requests that still wait when the budget is destroyed are
// dropped, and not called.
class ByteBudget {
 public:
  // Bytes taken from a budget; returns them when destroyed. Not thread-safe.
  class Grant {
   public:
    Grant() = default;
    Grant(Grant&& other) noexcept;
    Grant& operator=(Grant&& other) noexcept;
    ~Grant() { Release(); }

    size_t bytes() const { return bytes_; }
    // Returns all but `bytes` to the budget. Does nothing if it holds no more than that.
    void ShrinkTo(size_t bytes);
    // Takes over the bytes of `other`, which must be of the same budget.
    void Merge(Grant other);
    // Moves `bytes` into a new grant, or all that it holds if that is less.
    Grant Split(size_t bytes);
    void Release();

   private:
    friend class ByteBudget;
    Grant(ByteBudget* budget, size_t bytes) : budget_(budget), bytes_(bytes) {}

    ByteBudget* budget_ = nullptr;
    size_t bytes_ = 0;
  };

  using Granted = absl::AnyInvocable<void(Grant) &&>;

  ByteBudget(size_t bytes_max, storage::Executor& executor) : bytes_max_(bytes_max), executor_(executor) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Grants `bytes` at once if that leaves at least `keep_free` and no earlier request of equal or higher priority
  // waits; else nullopt. Callers that can do with less pass a `keep_free`, which leaves something for those that
  // cannot.
  std::optional<Grant> TryAcquire(size_t bytes, size_t keep_free = 0) ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `granted` once on the executor, when the grant leaves at least `keep_free` and all earlier requests of this
  // kind were served. Requests with a `keep_free` are served after those without, and never delay them. A request for
  // more than the budget less `keep_free` is granted all of that.
  void Acquire(size_t bytes, Granted granted) ABSL_LOCKS_EXCLUDED(mu_) { Acquire(bytes, 0, std::move(granted)); }
  void Acquire(size_t bytes, size_t keep_free, Granted granted) ABSL_LOCKS_EXCLUDED(mu_);

  size_t bytes_max() const { return bytes_max_; }
  size_t in_use() const ABSL_LOCKS_EXCLUDED(mu_);
  size_t waiting() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Waiter {
    size_t bytes;
    size_t keep_free;
    Granted granted;
  };

  void Return(size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  bool Fits(size_t bytes, size_t keep_free) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Serve() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Serve(std::deque<Waiter>& waiters) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t bytes_max_;
  storage::Executor& executor_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  size_t in_use_ ABSL_GUARDED_BY(mu_) = 0;
  // At most one entry for each call in progress, which bounds it.
  std::deque<Waiter> waiters_ ABSL_GUARDED_BY(mu_);
  std::deque<Waiter> yielding_waiters_ ABSL_GUARDED_BY(mu_);  // Those with a `keep_free`.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_BYTE_BUDGET_H_
