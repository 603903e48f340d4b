// A disk with slow syncs, so that the disk decides how much a broker can store per second, on any machine.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_SLOW_DISK_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_SLOW_DISK_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/faults/shared_value.h"

namespace playhead::testing {

// Sets the delay of a program with this `environment`. The test needs //tests/faults:slow_sync.so in its `data`.
class SlowDisk {
 public:
  // Creates `file`. There is no delay until SetSync.
  explicit SlowDisk(std::string file) : delay_(std::move(file)) {}

  std::vector<std::string> environment() const { return delay_.Environment("slow_sync.so", "SYNC_DELAY_FILE"); }
  // Adds `delay` to each sync of the write-ahead log from now on.
  void SetSync(absl::Duration delay) { *delay_ = absl::ToInt64Nanoseconds(delay); }

 private:
  const SharedValue<std::atomic<int64_t>> delay_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_SLOW_DISK_H_
