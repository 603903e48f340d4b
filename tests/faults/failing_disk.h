// A disk that fails, or is full, when a test says so. The broker's file operations go through a preloaded library; no
// privileges are needed.
#ifndef PLAYHEAD_TESTS_FAULTS_FAILING_DISK_H_
#define PLAYHEAD_TESTS_FAULTS_FAILING_DISK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/faults/disk_fault.h"
#include "tests/faults/shared_value.h"

namespace playhead::testing {

// Not thread-safe.
class FailingDisk {
 public:
  // Affects all files in the existing folder `path`.
  explicit FailingDisk(const std::string& path);

  // The path of the folder, to be used in the flags of the broker.
  const std::string& path() const { return path_; }
  // The environment that a broker needs to be affected.
  std::vector<std::string> environment() const;

  // Makes `calls` on files and folders whose names end in `end` fail with the errno `error`, `times` times. Ends
  // earlier faults.
  void Fail(uint32_t calls, absl::string_view end, int error, int64_t times = INT64_MAX);
  // Leaves `free_bytes` of space. Deleting files frees nothing.
  void FillUpTo(uint64_t free_bytes);
  // Ends all faults.
  void Mend();

  // How many calls have failed so far, those without space included.
  uint64_t failed() const { return fault_->failed; }

 private:
  const std::string path_;
  const SharedValue<DiskFault> fault_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_FAILING_DISK_H_
