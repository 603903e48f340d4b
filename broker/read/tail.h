// Recent blocks in memory, shared by all readers near the head: a thousand subscribers send the same bytes.
//
// The seam between history and live is here. A subscriber at a position asks its instance's part of the tail. Under one
// lock, this either returns the next blocks, or finds that the position is the head and registers the subscriber, or
// answers that storage must be read. OnCommit takes the same lock after the head was published, so a commit either is
// in the head that the subscriber compared with, or finds the subscriber registered: no commit is missed. Blocks are
// selected by position, so no event is sent twice.
//
// A subscriber to many instances does the same with the tail as a whole, whose blocks are in the order of the store.
#ifndef PLAYHEAD_BROKER_READ_TAIL_H_
#define PLAYHEAD_BROKER_READ_TAIL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "storage/store_position.h"

namespace playhead::broker {

// Waits for the next commit of an instance, or of any instance.
class TailWaiter {
 public:
  virtual ~TailWaiter() = default;
  // Called when something was committed, or the instance was deleted. Must be quick; may still run once after the
  // waiter was removed.
  virtual void Wake() = 0;

 private:
  friend class TailWaiters;
  static constexpr size_t kNotWaiting = std::numeric_limits<size_t>::max();
  size_t index_ = kNotWaiting;  // Its index in the only list that it is ever in, whose lock guards it.
};

// The waiters for the same commits. Not thread-safe.
class TailWaiters {
 public:
  // `waiter` may already be in the list.
  void Add(const std::shared_ptr<TailWaiter>& waiter);
  // Removes and returns `waiter`, if it is in the list; destroy the result when no lock is held.
  std::shared_ptr<TailWaiter> Remove(TailWaiter& waiter);
  // Moves all waiters to the end of `waiters`.
  void TakeAll(std::vector<std::shared_ptr<TailWaiter>>& waiters);

 private:
  std::vector<std::shared_ptr<TailWaiter>> waiters_;
};

// The part of one instance. Thread safety: all methods may be called from any thread.   Blocking: none.
class InstanceTail {
 public:
  enum class Found {
    kBlocks,   // Blocks with the events after the position: the first block may begin before it.
    kAtHead,   // Nothing is after the position; the waiter is registered.
    kBehind,   // The events after the position are not in memory: read them from storage.
    kDeleted,  // The instance is gone.
  };

  // Appends to `blocks` the blocks after `position`, until they have `bytes_max` bytes in total. `at_end` says whether
  // the last of them is the newest of the log. `waiter` may already be registered. REQUIRES: `position` belongs to this
  // log.
  Found Take(const storage::Instance& instance, storage::Cursor position, size_t bytes_max,
             const std::shared_ptr<TailWaiter>& waiter, std::vector<std::shared_ptr<const storage::Block>>& blocks,
             bool& at_end) ABSL_LOCKS_EXCLUDED(mu_);

  // Whether the event after `position` is in the tail.
  bool Has(storage::Cursor position) const ABSL_LOCKS_EXCLUDED(mu_);

  // Unregisters `waiter`, if it is registered.
  void Remove(TailWaiter& waiter) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  friend class Tail;
  using Waiters = std::vector<std::shared_ptr<TailWaiter>>;

  // Index of the block with the event after `position`; the number of blocks if it is not in the tail.
  size_t Find(storage::Cursor position) const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  mutable absl::Mutex mu_;  // Guards the members below it.
  // Contiguous, in cursor order.
  std::deque<std::shared_ptr<const storage::Block>> blocks_ ABSL_GUARDED_BY(mu_);
  TailWaiters waiters_ ABSL_GUARDED_BY(mu_);
  size_t handles_ ABSL_GUARDED_BY(mu_) = 0;
  bool deleted_ ABSL_GUARDED_BY(mu_) = false;
};

// The whole tail. Its size is bounded over all instances: the oldest block is evicted first, whatever its instance. An
// instance without recent blocks and without subscribers costs nothing.
//
// Thread safety: all methods may be called from any thread; OnCommit and OnDelete from one at a time.
// Blocking: none. OnCommit wakes a few waiters itself; more are woken on `executor`, so that its time stays bounded.
// Ownership: borrows `executor`; must outlive the log that it listens to and all handles.
class Tail final : public storage::CommitListener {
 public:
  // The memory overhead of a block, and of an instance that has any blocks.
  static constexpr size_t kBlockOverheadBytes = 64;
  static constexpr size_t kInstanceOverheadBytes = 1024;

  // Keeps an instance's part of the tail alive while it has subscribers. Not thread-safe.
  class Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept = default;
    Handle& operator=(Handle&& other) noexcept;
    ~Handle() { Reset(); }

    void Reset();
    explicit operator bool() const { return instance_ != nullptr; }
    InstanceTail* operator->() const { return instance_.get(); }

   private:
    friend class Tail;
    Handle(Tail* tail, storage::InstanceNumber number, std::shared_ptr<InstanceTail> instance)
        : tail_(tail), number_(number), instance_(std::move(instance)) {}

    Tail* tail_ = nullptr;
    storage::InstanceNumber number_;
    std::shared_ptr<InstanceTail> instance_;
  };

  // A block and its instance.
  struct Recent {
    std::shared_ptr<storage::Instance> instance;
    std::shared_ptr<const storage::Block> block;
  };

  // The blocks after a position of the whole store.
  struct Taken {
    std::vector<Recent> blocks;       // Those that are wanted; the first may begin before the position.
    storage::StorePosition position;  // Everything up to here is in `blocks`, or not wanted.
    bool at_end = false;              // It was the newest.
  };

  Tail(size_t bytes_max, storage::Executor& executor) : bytes_max_(bytes_max), executor_(executor) {}

  Handle Open(storage::InstanceNumber number) ABSL_LOCKS_EXCLUDED(mu_);

  // The counterpart of InstanceTail::Take for a subscriber to many instances of `log`; kDeleted does not occur. A call
  // examines a bounded number of blocks; it may return none, but a position after `position`. `wanted` runs under the
  // lock.
  InstanceTail::Found Take(const storage::EventLog& log, storage::StorePosition position, size_t bytes_max,
                           absl::FunctionRef<bool(const storage::Instance&)> wanted,
                           const std::shared_ptr<TailWaiter>& waiter, Taken& taken) ABSL_LOCKS_EXCLUDED(mu_);
  // Whether the blocks after `position`, if there are any, are in the tail.
  bool Has(storage::StorePosition position) const ABSL_LOCKS_EXCLUDED(mu_);
  // Unregisters `waiter`, if it waits for any commit.
  void Remove(TailWaiter& waiter) ABSL_LOCKS_EXCLUDED(mu_);

  // Without blocks, wakes all waiters.
  void OnCommit(absl::Span<const storage::PublishedBlock> blocks) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDelete(const std::shared_ptr<storage::Instance>& instance) override ABSL_LOCKS_EXCLUDED(mu_);
  // Readers that have not passed the dropped blocks then read storage.
  void OnErase(storage::InstanceNumber instance) override ABSL_LOCKS_EXCLUDED(mu_);

  // How many erasures of events were accepted so far. The result of a read that begins at this count has none of the
  // events they cover. If the count is higher when the result is used, it may contain events erased since, and must be
  // read again.
  uint64_t erasure_count() const { return erasure_count_.load(std::memory_order_acquire); }

  size_t bytes() const ABSL_LOCKS_EXCLUDED(mu_);
  size_t instance_count() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Add(const storage::PublishedBlock& published, InstanceTail::Waiters& waiters) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Notes that everything after `position` can be taken from `oldest_`.
  void RaiseComplete(storage::StorePosition position) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EvictOldest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Forgets `blocks`, which were all blocks of the instance. Readers of many instances that have not passed them then
  // read storage.
  void Forget(storage::InstanceNumber number, const std::deque<std::shared_ptr<const storage::Block>>& blocks)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Removes the instance's part if it has neither blocks nor handles.
  void EraseIfUnused(storage::InstanceNumber number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Close(storage::InstanceNumber number) ABSL_LOCKS_EXCLUDED(mu_);
  void PostWakes(InstanceTail::Waiters waiters);
  void WakeRange(const std::shared_ptr<InstanceTail::Waiters>& waiters, size_t begin, size_t end);

  const size_t bytes_max_;
  storage::Executor& executor_;
  std::atomic<uint64_t> erasure_count_{0};
  mutable absl::Mutex mu_;  // Guards the members below it. Taken before an InstanceTail's, never after.
  absl::flat_hash_map<uint64_t, std::shared_ptr<InstanceTail>> instances_ ABSL_GUARDED_BY(mu_);  // By number.
  // In the order of the store, which is the order of eviction.
  std::deque<Recent> oldest_ ABSL_GUARDED_BY(mu_);
  storage::StorePosition complete_after_ ABSL_GUARDED_BY(mu_);  // Everything after this, up to `last_commit_`, is here.
  storage::CommitPosition last_commit_ ABSL_GUARDED_BY(mu_);
  TailWaiters waiters_ ABSL_GUARDED_BY(mu_);  // For any commit.
  size_t bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_TAIL_H_
