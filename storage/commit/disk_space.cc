#include "storage/commit/disk_space.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/errors.h"

namespace playhead::storage {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

}  // namespace

DiskSpace::~DiskSpace() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stop_.Signal();
  }
  if (watcher_.joinable()) watcher_.join();
}

void DiskSpace::Start() {
  Look();
  watcher_ = std::thread([this] { Watch(); });
}

absl::Status DiskSpace::Check() const {
  const uint64_t free = free_bytes();
  if (free >= free_bytes_min_) return absl::OkStatus();
  return MakeError(Reason::kDiskLow,
                   absl::StrCat("only ", free, " bytes are free on the disk; appends need ", free_bytes_min_));
}

void DiskSpace::Look() {
  uint64_t bytes = 0;
  if (env_.GetFreeSpace(dir_, &bytes).ok()) free_bytes_.store(bytes, std::memory_order_relaxed);
}

void DiskSpace::Watch() {
  const auto stopping = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return stopping_; };
  for (;;) {
    {
      absl::MutexLock lock(&mu_);
      if (stop_.AwaitWithTimeout(&mu_, stopping, kLookInterval)) return;
    }
    Look();
  }
}

}  // namespace playhead::storage
