#include "broker/read/delivery_memory.h"

#include <algorithm>

namespace playhead::broker {

DeliveryMemory::Allowance DeliveryMemory::Allow(size_t bytes_wanted, size_t keep_free) {
  Allowance allowance;
  if (!std::exchange(free_part_used_, true)) {
    allowance.uses_free_part = true;
    allowance.bytes = limits_.delivery_bytes_free;
  }
  if (reserved_.bytes() > 0) {
    allowance.grant = std::move(reserved_);
    allowance.bytes += allowance.grant.bytes();
  } else if (bytes_wanted > allowance.bytes) {
    if (auto grant = budget_.TryAcquire(bytes_wanted - allowance.bytes, keep_free)) {
      allowance.grant = *std::move(grant);
      allowance.bytes = bytes_wanted;
    }
  }
  return allowance;
}

DeliveryMemory::Allowance DeliveryMemory::AllowPaid(ByteBudget::Grant paid) {
  Allowance allowance;
  allowance.uses_free_part = !std::exchange(free_part_used_, true);
  allowance.grant = std::move(paid);
  allowance.bytes = FreeBytes(allowance) + allowance.grant.bytes();
  return allowance;
}

ByteBudget::Grant DeliveryMemory::TakeUnused(Allowance& allowance, size_t bytes) {
  const size_t charged = bytes - std::min(bytes, FreeBytes(allowance));
  allowance.bytes = bytes;
  return allowance.grant.Split(allowance.grant.bytes() - charged);
}

bool DeliveryMemory::Fit(Allowance& allowance, size_t bytes) {
  if (bytes > allowance.bytes) {
    auto more = budget_.TryAcquire(bytes - allowance.bytes);
    if (!more) return false;
    allowance.grant.Merge(*std::move(more));
    allowance.bytes = bytes;
  }
  allowance.grant.ShrinkTo(bytes - std::min(bytes, FreeBytes(allowance)));
  return true;
}

size_t DeliveryMemory::FreeBytes(const Allowance& allowance) const {
  return allowance.uses_free_part ? limits_.delivery_bytes_free : 0;
}

void DeliveryMemory::GiveBack(Allowance& allowance) {
  if (allowance.uses_free_part) free_part_used_ = false;
  allowance = Allowance();
}

void DeliveryMemory::Release() {
  TakeBack();
  reserved_.Release();
}

}  // namespace playhead::broker
