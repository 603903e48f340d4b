// What one stream of deliveries may hold of events in memory: a free part that every stream has, and what it draws from
// the budget that all share.
#ifndef PLAYHEAD_BROKER_DELIVERY_MEMORY_H_
#define PLAYHEAD_BROKER_DELIVERY_MEMORY_H_

#include <cstddef>
#include <utility>

#include "broker/byte_budget.h"
#include "broker/limits.h"

namespace playhead::broker {

// Undelivered and handed-over slices together take Limits::delivery_bytes_free at no charge; more is drawn from the
// budget, and given back when the protocol says that it has written what was handed over.
// Not thread-safe: its owner's lock guards it.   Blocking: none.   Ownership: borrows `limits` and `budget`.
class DeliveryMemory {
 public:
  // What a slice may hold, and what was drawn from the budget for it.
  struct Allowance {
    size_t bytes = 0;
    bool uses_free_part = false;
    ByteBudget::Grant grant;
  };

  DeliveryMemory(const Limits& limits, ByteBudget& budget) : limits_(limits), budget_(budget) {}

  // Draws what `bytes_wanted` needs beyond the free part if that leaves `keep_free` of the budget; else the free part
  // alone, or what was reserved, must do.
  Allowance Allow(size_t bytes_wanted, size_t keep_free);
  // For a slice that is to be delivered next, and for one read ahead: that is a convenience, which leaves half of the
  // budget to those who have nothing yet.
  Allowance AllowNext(size_t bytes_wanted) { return Allow(bytes_wanted, budget_.bytes_max() / 4); }
  Allowance AllowAhead(size_t bytes_wanted) { return Allow(bytes_wanted, budget_.bytes_max() / 2); }

  // For what was paid for already: the free part, if it is not in use, and all of `paid`.
  Allowance AllowPaid(ByteBudget::Grant paid);
  // Makes the allowance what `bytes` take, which it allows, and returns what that leaves of its grant.
  ByteBudget::Grant TakeUnused(Allowance& allowance, size_t bytes);

  // Makes the allowance what a slice of `bytes` takes. False, and nothing is changed, if it needs more than there is:
  // one large event. Then the owner acquires `bytes` of the budget, and reads again when it has Reserved them.
  bool Fit(Allowance& allowance, size_t bytes);
  void Reserved(ByteBudget::Grant grant) { reserved_ = std::move(grant); }

  void GiveBack(Allowance& allowance);
  // The protocol is writing what the allowance is for, until TakeBack.
  void HandOver(Allowance allowance) {
    TakeBack();
    handed_over_ = std::move(allowance);
  }
  void TakeBack() { GiveBack(handed_over_); }
  // Whoever takes what was handed over answers for `bytes` of it from now on.
  ByteBudget::Grant TakeOver(size_t bytes) { return handed_over_.grant.Split(bytes); }
  // Lets go of everything but what the owner's own allowances hold.
  void Release();

 private:
  size_t FreeBytes(const Allowance& allowance) const;

  const Limits& limits_;
  ByteBudget& budget_;
  bool free_part_used_ = false;
  Allowance handed_over_;
  ByteBudget::Grant reserved_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_DELIVERY_MEMORY_H_
