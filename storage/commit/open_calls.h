// Counts accepted calls whose callback has not run; a log that closes waits for them.
#ifndef PLAYHEAD_STORAGE_COMMIT_OPEN_CALLS_H_
#define PLAYHEAD_STORAGE_COMMIT_OPEN_CALLS_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "proto/errors.h"

namespace playhead::storage {

// Thread safety: all methods; Close once.
class OpenCalls {
 public:
  void Enter() { count_.fetch_add(1); }
  // The log may be destroyed by the time this returns.
  void Leave() {
    if (count_.fetch_sub(1) == 1) count_.notify_all();
  }

  bool closing() const { return closing_.load(std::memory_order_relaxed); }
  // Unavailable (SHUTTING_DOWN) once Close was called.
  absl::Status CheckOpen() const {
    return closing() ? MakeError(Reason::kShuttingDown, "the broker is stopping: try again soon") : absl::OkStatus();
  }

  // Waits until every call has left. Later calls may enter, but CheckOpen refuses them.
  void Close() {
    closing_.store(true);
    for (uint64_t left = count_.load(); left != 0; left = count_.load()) count_.wait(left);
  }

 private:
  std::atomic<bool> closing_{false};
  std::atomic<uint64_t> count_{0};
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_OPEN_CALLS_H_
