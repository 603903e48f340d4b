// Watches the free space of the store's disk, so that appends are refused before RocksDB meets a full disk.
#ifndef PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_
#define PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_

#include <rocksdb/env.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/steady_cond_var.h"

namespace playhead::storage {

// Asks the file system every 200 ms, on a thread of its own, so that a hanging disk blocks no caller. Callers get the
// last answer. Without one, or if the query fails the first time, everything counts as free.
//
// Thread safety: all methods.   Blocking: Start and the destructor, for as long as the disk takes to answer.
class DiskSpace {
 public:
  // `env` must outlive this.
  DiskSpace(rocksdb::Env& env, std::string dir, uint64_t free_bytes_min)
      : env_(env), dir_(std::move(dir)), free_bytes_min_(free_bytes_min) {}
  ~DiskSpace() ABSL_LOCKS_EXCLUDED(mu_);

  // Asks for the first time, and starts asking repeatedly.   REQUIRES: `dir` exists; not called before.
  void Start();

  // ResourceExhausted (DISK_LOW) if less than the minimum is free.
  absl::Status Check() const;
  uint64_t free_bytes() const { return free_bytes_.load(std::memory_order_relaxed); }

 private:
  void Look();
  void Watch() ABSL_LOCKS_EXCLUDED(mu_);

  rocksdb::Env& env_;
  const std::string dir_;
  const uint64_t free_bytes_min_;
  std::atomic<uint64_t> free_bytes_{UINT64_MAX};

  absl::Mutex mu_;
  SteadyCondVar stop_;  // Signals stopping_.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread watcher_;  // Last: it uses the members above.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_DISK_SPACE_H_
