#include "storage/commit/disk_space.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/errors.h"

namespace playhead::storage {

absl::Status DiskSpace::Check() {
  const uint64_t free = free_bytes();
  if (free >= free_bytes_min_) return absl::OkStatus();
  return MakeError(Reason::kDiskLow,
                   absl::StrCat("only ", free, " bytes are free on the disk; appends need ", free_bytes_min_));
}

uint64_t DiskSpace::free_bytes() {
  const int64_t now = absl::GetCurrentTimeNanos();
  int64_t next = next_look_nanos_.load(std::memory_order_relaxed);
  // One caller looks; the others go by the last answer. A clock that was set back makes the next look early, not late.
  const bool due = now >= next || next > now + kIntervalNanos;
  if (due && next_look_nanos_.compare_exchange_strong(next, now + kIntervalNanos)) {
    uint64_t bytes = 0;
    if (env_.GetFreeSpace(dir_, &bytes).ok()) free_bytes_.store(bytes, std::memory_order_relaxed);
  }
  return free_bytes_.load(std::memory_order_relaxed);
}

}  // namespace playhead::storage
