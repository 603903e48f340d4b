// What one holder may keep in memory of events on their way to it: the rules of subscriptions.
#ifndef PLAYHEAD_BROKER_CONSUMERS_DELIVERY_MEMORY_H_
#define PLAYHEAD_BROKER_CONSUMERS_DELIVERY_MEMORY_H_

#include <cstddef>
#include <utility>

#include "broker/byte_budget.h"
#include "broker/core.h"

namespace playhead::broker {

// Limits::delivery_bytes_free come at no charge, to one allowance at a time; more is drawn from the delivery budget.
// Thread safety: none.   Ownership: borrows the budget.
class DeliveryMemory {
 public:
  struct Allowance {
    size_t bytes = 0;
    bool uses_free_part = false;
    ByteBudget::Grant grant;
  };

  explicit DeliveryMemory(const Core& core) : limits_(core.limits), budget_(core.delivery_budget) {}

  // For `wanted` bytes if a quarter of the budget stays free for others; else for less, perhaps nothing. What was
  // reserved goes into it.
  Allowance Allow(size_t wanted) {
    Allowance allowance;
    if (!std::exchange(free_part_used_, true)) {
      allowance.uses_free_part = true;
      allowance.bytes = limits_.delivery_bytes_free;
    }
    if (reserved_.bytes() > 0) {
      allowance.grant = std::move(reserved_);
      allowance.bytes += allowance.grant.bytes();
    } else if (wanted > allowance.bytes) {
      if (auto grant = budget_.TryAcquire(wanted - allowance.bytes, budget_.bytes_max() / 4)) {
        allowance.grant = *std::move(grant);
        allowance.bytes = wanted;
      }
    }
    return allowance;
  }

  // Makes it fit `bytes`. False if that takes more than the budget has: it must be reserved then.
  bool Fit(size_t bytes, Allowance& allowance) {
    if (bytes > allowance.bytes) {
      auto more = budget_.TryAcquire(bytes - allowance.bytes);
      if (!more) return false;
      allowance.grant.Merge(*std::move(more));
      allowance.bytes = bytes;
    }
    const size_t free_bytes = allowance.uses_free_part ? limits_.delivery_bytes_free : 0;
    allowance.grant.ShrinkTo(bytes > free_bytes ? bytes - free_bytes : 0);
    return true;
  }

  void GiveBack(Allowance& allowance) {
    if (allowance.uses_free_part) free_part_used_ = false;
    allowance = Allowance();
  }

  // For one large event: `granted` runs on the executor and passes the grant to SetReserved. One at a time.
  void Reserve(size_t bytes, ByteBudget::Granted granted) {
    reserving_ = true;
    budget_.Acquire(bytes, std::move(granted));
  }
  bool reserving() const { return reserving_; }
  void SetReserved(ByteBudget::Grant grant) {
    reserving_ = false;
    reserved_ = std::move(grant);
  }

 private:
  const Limits& limits_;
  ByteBudget& budget_;
  bool free_part_used_ = false;
  bool reserving_ = false;
  ByteBudget::Grant reserved_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_DELIVERY_MEMORY_H_
