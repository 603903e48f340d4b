#include "broker/read/tail.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace playhead::broker {

using storage::Block;
using storage::Cursor;
using storage::InstanceNumber;
using storage::StorePosition;

namespace {

// One task wakes this many waiters; each may write to a transport.
constexpr size_t kWakesPerTask = 32;
constexpr size_t kWakesInline = 4;

// How many blocks a reader of many instances examines at a time under the lock.
constexpr size_t kLookedAtMax = 1024;

StorePosition EndOf(const Block& block) { return {block.header().commit, block.header().instance, block.last()}; }

size_t Cost(const Block& block) { return block.memory_bytes() + Tail::kBlockOverheadBytes; }

}  // namespace

void TailWaiters::Add(const std::shared_ptr<TailWaiter>& waiter) {
  if (waiter->index_ != TailWaiter::kNotWaiting) return;
  waiter->index_ = waiters_.size();
  waiters_.push_back(waiter);
}

std::shared_ptr<TailWaiter> TailWaiters::Remove(TailWaiter& waiter) {
  if (waiter.index_ == TailWaiter::kNotWaiting) return nullptr;
  const size_t index = std::exchange(waiter.index_, TailWaiter::kNotWaiting);
  std::shared_ptr<TailWaiter> removed = std::move(waiters_[index]);
  if (index + 1 != waiters_.size()) {
    waiters_[index] = std::move(waiters_.back());
    waiters_[index]->index_ = index;
  }
  waiters_.pop_back();
  return removed;
}

void TailWaiters::TakeAll(std::vector<std::shared_ptr<TailWaiter>>& waiters) {
  for (const std::shared_ptr<TailWaiter>& waiter : waiters_) waiter->index_ = TailWaiter::kNotWaiting;
  if (waiters.empty()) {
    waiters.swap(waiters_);
  } else {
    waiters.insert(waiters.end(), std::make_move_iterator(waiters_.begin()), std::make_move_iterator(waiters_.end()));
    waiters_.clear();
  }
}

size_t InstanceTail::Find(Cursor position) const {
  // Sequences have no holes, not even across epochs, and `position` is known to be of this log.
  const uint64_t wanted = position.sequence() + 1;
  if (blocks_.empty() || wanted < blocks_.front()->first().sequence()) return blocks_.size();
  const auto found = std::partition_point(
      blocks_.begin(), blocks_.end(),
      [wanted](const std::shared_ptr<const Block>& block) { return block->last().sequence() < wanted; });
  return static_cast<size_t>(found - blocks_.begin());
}

InstanceTail::Found InstanceTail::Take(const storage::Instance& instance, Cursor position, size_t bytes_max,
                                       const std::shared_ptr<TailWaiter>& waiter,
                                       std::vector<std::shared_ptr<const Block>>& blocks, bool& at_end) {
  absl::MutexLock lock(&mu_);
  if (deleted_ || instance.deleted()) return Found::kDeleted;
  size_t i = Find(position);
  if (i < blocks_.size()) {
    size_t bytes = 0;
    for (; i < blocks_.size() && bytes < bytes_max; ++i) {
      bytes += blocks_[i]->body().size();
      blocks.push_back(blocks_[i]);
    }
    at_end = i == blocks_.size();
    return Found::kBlocks;
  }
  if (instance.head() != position) return Found::kBehind;
  waiters_.Add(waiter);
  return Found::kAtHead;
}

bool InstanceTail::Has(Cursor position) const {
  absl::ReaderMutexLock lock(&mu_);
  return Find(position) < blocks_.size();
}

void InstanceTail::Remove(TailWaiter& waiter) {
  std::shared_ptr<TailWaiter> removed;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mu_);
  removed = waiters_.Remove(waiter);
}

Tail::Handle& Tail::Handle::operator=(Handle&& other) noexcept {
  if (this != &other) {
    Reset();
    tail_ = other.tail_;
    number_ = other.number_;
    instance_ = std::move(other.instance_);
  }
  return *this;
}

void Tail::Handle::Reset() {
  if (instance_ == nullptr) return;
  instance_.reset();
  tail_->Close(number_);
}

Tail::Handle Tail::Open(InstanceNumber number) {
  absl::MutexLock lock(&mu_);
  std::shared_ptr<InstanceTail>& instance = instances_[number.value()];
  if (instance == nullptr) instance = std::make_shared<InstanceTail>();
  absl::MutexLock instance_lock(&instance->mu_);
  ++instance->handles_;
  return Handle(this, number, instance);
}

void Tail::Close(InstanceNumber number) {
  absl::MutexLock lock(&mu_);
  {
    InstanceTail& instance = *instances_.at(number.value());
    absl::MutexLock instance_lock(&instance.mu_);
    --instance.handles_;
  }
  EraseIfUnused(number);
}

InstanceTail::Found Tail::Take(const storage::EventLog& log, StorePosition position, size_t bytes_max,
                               absl::FunctionRef<bool(const storage::Instance&)> wanted,
                               const std::shared_ptr<TailWaiter>& waiter, Taken& taken) {
  absl::MutexLock lock(&mu_);
  taken.position = position;
  if (position < complete_after_) return InstanceTail::Found::kBehind;
  auto entry = std::partition_point(oldest_.begin(), oldest_.end(),
                                    [&](const Recent& recent) { return EndOf(*recent.block) <= position; });
  const bool any = entry != oldest_.end();
  size_t bytes = 0;
  for (size_t looked_at = 0; entry != oldest_.end() && bytes < bytes_max && looked_at < kLookedAtMax;
       ++entry, ++looked_at) {
    taken.position = EndOf(*entry->block);
    if (!wanted(*entry->instance)) continue;
    bytes += entry->block->body().size();
    taken.blocks.push_back(*entry);
  }
  if (entry == oldest_.end()) {
    taken.position = std::max(taken.position, StorePosition::EndOf(last_commit_));
    taken.at_end = taken.position >= log.head_position();
  }
  if (any) return InstanceTail::Found::kBlocks;
  if (!taken.at_end) return InstanceTail::Found::kBehind;
  waiters_.Add(waiter);
  return InstanceTail::Found::kAtHead;
}

bool Tail::Has(StorePosition position) const {
  absl::MutexLock lock(&mu_);
  return position >= complete_after_ && position < StorePosition::EndOf(last_commit_);
}

void Tail::Remove(TailWaiter& waiter) {
  std::shared_ptr<TailWaiter> removed;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mu_);
  removed = waiters_.Remove(waiter);
}

void Tail::OnCommit(absl::Span<const storage::PublishedBlock> blocks) {
  InstanceTail::Waiters waiters;
  {
    absl::MutexLock lock(&mu_);
    for (const storage::PublishedBlock& published : blocks) Add(published, waiters);
    if (blocks.empty()) {
      for (const auto& [number, instance] : instances_) {
        absl::MutexLock instance_lock(&instance->mu_);
        instance->waiters_.TakeAll(waiters);
      }
    }
    waiters_.TakeAll(waiters);
    while (bytes_ > bytes_max_) EvictOldest();
  }
  if (!waiters.empty()) PostWakes(std::move(waiters));
}

void Tail::Add(const storage::PublishedBlock& published, InstanceTail::Waiters& waiters) {
  const InstanceNumber number = published.block->header().instance;
  std::shared_ptr<InstanceTail>& instance = instances_[number.value()];
  if (instance == nullptr) instance = std::make_shared<InstanceTail>();
  absl::MutexLock lock(&instance->mu_);
  // After a failed write, the reopened store may have found more commits on disk than it had announced.
  if (const storage::CommitPosition commit = published.block->header().commit; commit != last_commit_) {
    if (published.previous_commit != last_commit_) RaiseComplete(StorePosition::EndOf(published.previous_commit));
    last_commit_ = commit;
  }
  if (!instance->blocks_.empty() &&
      instance->blocks_.back()->last().sequence() + 1 != published.block->first().sequence()) {
    Forget(number, std::exchange(instance->blocks_, {}));
  }
  oldest_.push_back({published.instance, published.block});
  bytes_ += Cost(*published.block);
  if (instance->blocks_.empty()) bytes_ += kInstanceOverheadBytes;
  instance->blocks_.push_back(published.block);
  instance->waiters_.TakeAll(waiters);
}

void Tail::EvictOldest() {
  const Recent oldest = std::move(oldest_.front());
  const InstanceNumber number = oldest.block->header().instance;
  oldest_.pop_front();
  RaiseComplete(EndOf(*oldest.block));
  bytes_ -= Cost(*oldest.block);
  {
    InstanceTail& instance = *instances_.at(number.value());
    absl::MutexLock lock(&instance.mu_);
    instance.blocks_.pop_front();  // The oldest of all is the oldest of its instance.
    if (!instance.blocks_.empty()) return;
  }
  bytes_ -= kInstanceOverheadBytes;
  EraseIfUnused(number);
}

void Tail::RaiseComplete(StorePosition position) { complete_after_ = std::max(complete_after_, position); }

void Tail::Forget(InstanceNumber number, const std::deque<std::shared_ptr<const Block>>& blocks) {
  // This is rare, so a walk over all blocks is cheaper than keeping an index.
  std::erase_if(oldest_, [number](const Recent& recent) { return recent.block->header().instance == number; });
  for (const auto& block : blocks) {
    bytes_ -= Cost(*block);
    RaiseComplete(EndOf(*block));
  }
  bytes_ -= kInstanceOverheadBytes;
}

void Tail::OnDelete(const std::shared_ptr<storage::Instance>& instance) {
  InstanceTail::Waiters waiters;
  std::deque<std::shared_ptr<const Block>> blocks;  // Destroyed after the locks are released.
  {
    absl::MutexLock lock(&mu_);
    const auto found = instances_.find(instance->number().value());
    if (found == instances_.end()) return;
    {
      absl::MutexLock instance_lock(&found->second->mu_);
      found->second->deleted_ = true;
      found->second->blocks_.swap(blocks);
      found->second->waiters_.TakeAll(waiters);
    }
    if (!blocks.empty()) Forget(instance->number(), blocks);
    EraseIfUnused(instance->number());
  }
  if (!waiters.empty()) PostWakes(std::move(waiters));
}

void Tail::OnErase(InstanceNumber instance) {
  absl::MutexLock lock(&mu_);
  // Evicts everything older as well, so that the tail is complete from its oldest block on: readers of many instances
  // rely on that. Erasures are rare.
  const auto newest = std::find_if(oldest_.rbegin(), oldest_.rend(), [instance](const Recent& recent) {
    return instance == InstanceNumber() || recent.block->header().instance == instance;
  });
  for (auto count = std::distance(newest, oldest_.rend()); count > 0; --count) EvictOldest();
  // Only after the blocks are gone: a reader that sees the new count finds none of them here, and storage already hides
  // the erased events.
  erasure_count_.fetch_add(1, std::memory_order_release);
}

size_t Tail::bytes() const {
  absl::MutexLock lock(&mu_);
  return bytes_;
}

size_t Tail::instance_count() const {
  absl::MutexLock lock(&mu_);
  return instances_.size();
}

void Tail::EraseIfUnused(InstanceNumber number) {
  const auto found = instances_.find(number.value());
  {
    absl::MutexLock lock(&found->second->mu_);
    if (found->second->handles_ > 0 || !found->second->blocks_.empty()) return;
  }
  instances_.erase(found);
}

void Tail::PostWakes(InstanceTail::Waiters waiters) {
  // A few waiters are woken inline: posting them would cost them more than it saves the replies that follow.
  if (waiters.size() <= kWakesInline) {
    for (const auto& waiter : waiters) waiter->Wake();
    return;
  }
  executor_.Post([this, waiters = std::make_shared<InstanceTail::Waiters>(std::move(waiters))] {
    WakeRange(waiters, 0, waiters->size());
  });
}

// Splits the range in halves until it is small enough for one task, so that all executor threads take part at once.
void Tail::WakeRange(const std::shared_ptr<InstanceTail::Waiters>& waiters, size_t begin, size_t end) {
  while (end - begin > kWakesPerTask) {
    const size_t middle = begin + (end - begin) / 2;
    executor_.Post([this, waiters, middle, end] { WakeRange(waiters, middle, end); });
    end = middle;
  }
  for (size_t i = begin; i < end; ++i) (*waiters)[i]->Wake();
}

}  // namespace playhead::broker
