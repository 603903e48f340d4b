// Watches the free space of the store's disk, so that a full disk is met before RocksDB meets it.
#ifndef PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_
#define PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_

#include <rocksdb/env.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace playhead::storage {

// Thread safety: all methods.
class DiskSpace {
 public:
  // `env` must outlive this.
  DiskSpace(rocksdb::Env& env, std::string dir, uint64_t free_bytes_min)
      : env_(env), dir_(std::move(dir)), free_bytes_min_(free_bytes_min) {}

  // ResourceExhausted (DISK_LOW) if less than the minimum is free.
  absl::Status Check();
  // Asks the file system at most every 200 ms; of a disk that cannot be asked, everything is free.
  uint64_t free_bytes();

 private:
  static constexpr int64_t kIntervalNanos = 200'000'000;

  rocksdb::Env& env_;
  const std::string dir_;
  const uint64_t free_bytes_min_;
  std::atomic<int64_t> next_look_nanos_{0};
  std::atomic<uint64_t> free_bytes_{UINT64_MAX};
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_
