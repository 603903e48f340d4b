#include "storage/disk_space.h"

#include <sys/statvfs.h>

#include "absl/time/clock.h"

namespace playhead::storage {

bool DiskSpace::IsLow() {
  const int64_t now = absl::GetCurrentTimeNanos();
  int64_t next = next_look_nanos_.load(std::memory_order_relaxed);
  // One caller looks; the others go by the last answer. A clock that was set back makes the next look early, not late.
  const bool due = now >= next || next > now + kIntervalNanos;
  if (due && next_look_nanos_.compare_exchange_strong(next, now + kIntervalNanos)) {
    struct statvfs stat {};
    if (statvfs(dir_.c_str(), &stat) == 0) {
      free_bytes_.store(static_cast<uint64_t>(stat.f_bavail) * stat.f_frsize, std::memory_order_relaxed);
    }
  }
  return free_bytes() < free_bytes_min_;
}

}  // namespace playhead::storage
