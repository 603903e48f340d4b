// The memory that one stream of deliveries may use for events: a free part that every stream has, and grants from the
// budget that all streams share.
#ifndef PLAYHEAD_BROKER_READ_DELIVERY_MEMORY_H_
#define PLAYHEAD_BROKER_READ_DELIVERY_MEMORY_H_

#include <cstddef>
#include <utility>

#include "broker/byte_budget.h"
#include "broker/limits.h"

namespace playhead::broker {

// Undelivered and handed-over slices together may take Limits::delivery_bytes_free at no charge; more is drawn from the
// budget, and returned when the protocol reports that it has written the delivery.
// Not thread-safe: guarded by its owner's lock.   Blocking: none.   Ownership: borrows `limits` and `budget`.
class DeliveryMemory {
 public:
  // The memory that a slice may take, and the grant drawn from the budget for it.
  struct Allowance {
    size_t bytes = 0;
    bool uses_free_part = false;
    ByteBudget::Grant grant;
  };

  DeliveryMemory(const Limits& limits, ByteBudget& budget) : limits_(limits), budget_(budget) {}

  // Draws what `bytes_wanted` needs beyond the free part, if that leaves `keep_free` of the budget; otherwise the free
  // part alone, or the reserved grant, must suffice.
  Allowance Allow(size_t bytes_wanted, size_t keep_free);
  // For a slice that is delivered next, and for one that is read ahead. Reading ahead is optional, so it leaves half of
  // the budget to streams that have nothing yet.
  Allowance AllowNext(size_t bytes_wanted) { return Allow(bytes_wanted, budget_.bytes_max() / 4); }
  Allowance AllowAhead(size_t bytes_wanted) { return Allow(bytes_wanted, budget_.bytes_max() / 2); }

  // For memory that is already paid for: the free part, if it is not in use, and all of `paid`.
  Allowance AllowPaid(ByteBudget::Grant paid);
  // Shrinks the allowance to `bytes` and returns the rest of its grant. REQUIRES: the allowance covers `bytes`.
  ByteBudget::Grant TakeUnused(Allowance& allowance, size_t bytes);

  // Fits the allowance to a slice of `bytes`. False, without a change, if it needs more than is available, as for one
  // large event. Then the owner must acquire `bytes` of the budget, call Reserved, and read again.
  bool Fit(Allowance& allowance, size_t bytes);
  void Reserved(ByteBudget::Grant grant) { reserved_ = std::move(grant); }

  void GiveBack(Allowance& allowance);
  // The protocol is writing the allowance's delivery, until TakeBack.
  void HandOver(Allowance allowance) {
    TakeBack();
    handed_over_ = std::move(allowance);
  }
  void TakeBack() { GiveBack(handed_over_); }
  // Transfers responsibility for `bytes` of the handed-over delivery to the caller.
  ByteBudget::Grant TakeOver(size_t bytes) { return handed_over_.grant.Split(bytes); }
  // Releases everything except the owner's own allowances.
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

#endif  // PLAYHEAD_BROKER_READ_DELIVERY_MEMORY_H_
