#include "broker/byte_budget.h"

#include <algorithm>
#include <utility>

namespace playhead::broker {

ByteBudget::Grant::Grant(Grant&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

ByteBudget::Grant& ByteBudget::Grant::operator=(Grant&& other) noexcept {
  if (this != &other) {
    Release();
    budget_ = std::exchange(other.budget_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

void ByteBudget::Grant::ShrinkTo(size_t bytes) {
  if (bytes_ <= bytes) return;
  budget_->Return(bytes_ - bytes);
  bytes_ = bytes;
}

void ByteBudget::Grant::Merge(Grant other) {
  if (other.budget_ != nullptr) budget_ = other.budget_;
  bytes_ += std::exchange(other.bytes_, 0);
}

ByteBudget::Grant ByteBudget::Grant::Split(size_t bytes) {
  bytes = std::min(bytes, bytes_);
  bytes_ -= bytes;
  return Grant(budget_, bytes);
}

void ByteBudget::Grant::Release() { ShrinkTo(0); }

std::optional<ByteBudget::Grant> ByteBudget::TryAcquire(size_t bytes, size_t keep_free) {
  absl::MutexLock lock(&mu_);
  if (!waiters_.empty() || (keep_free > 0 && !yielding_waiters_.empty()) || !Fits(bytes, keep_free)) {
    return std::nullopt;
  }
  in_use_ += bytes;
  return Grant(this, bytes);
}

void ByteBudget::Acquire(size_t bytes, size_t keep_free, Granted granted) {
  keep_free = std::min(keep_free, bytes_max_);
  absl::MutexLock lock(&mu_);
  auto& waiters = keep_free == 0 ? waiters_ : yielding_waiters_;
  waiters.push_back({std::min(bytes, bytes_max_ - keep_free), keep_free, std::move(granted)});
  Serve();
}

size_t ByteBudget::in_use() const {
  absl::MutexLock lock(&mu_);
  return in_use_;
}

size_t ByteBudget::waiting() const {
  absl::MutexLock lock(&mu_);
  return waiters_.size() + yielding_waiters_.size();
}

void ByteBudget::Return(size_t bytes) {
  absl::MutexLock lock(&mu_);
  in_use_ -= bytes;
  Serve();
}

bool ByteBudget::Fits(size_t bytes, size_t keep_free) const {
  const size_t free = bytes_max_ - in_use_;
  return free >= keep_free && free - keep_free >= bytes;
}

void ByteBudget::Serve() {
  Serve(waiters_);
  if (waiters_.empty()) Serve(yielding_waiters_);
}

void ByteBudget::Serve(std::deque<Waiter>& waiters) {
  while (!waiters.empty() && Fits(waiters.front().bytes, waiters.front().keep_free)) {
    Waiter waiter = std::move(waiters.front());
    waiters.pop_front();
    in_use_ += waiter.bytes;
    executor_.Post([granted = std::move(waiter.granted), grant = Grant(this, waiter.bytes)]() mutable {
      std::move(granted)(std::move(grant));
    });
  }
}

}  // namespace playhead::broker
