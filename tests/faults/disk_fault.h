// How a simulated disk fails. The test and the library that is preloaded into the broker both map this from a file.
#ifndef PLAYHEAD_TESTS_FAULTS_DISK_FAULT_H_
#define PLAYHEAD_TESTS_FAULTS_DISK_FAULT_H_

#include <array>
#include <atomic>
#include <cstdint>

namespace playhead::testing {

// The environment variable that names the file.
inline constexpr char kDiskFaultFile[] = "DISK_FAULT_FILE";

// Bits.
enum DiskCalls : uint32_t {
  kNoDiskCalls = 0,
  kDiskWrites = 1,  // write, pwrite, fallocate.
  kDiskSyncs = 2,   // fsync, fdatasync, sync_file_range.
  kDiskReads = 4,   // pread.
  kDiskLists = 8,   // readdir, after the last entry of a folder.
};

struct DiskFault {
  std::array<char, 1024> folder{};  // Only files below this folder are affected.
  // How many bytes can still be written; then there is no space left. INT64_MAX: as much as the real disk has.
  std::atomic<int64_t> free_bytes{INT64_MAX};

  // Calls that fail on files whose names have this suffix:
  std::array<char, 16> end{};
  std::atomic<uint32_t> calls{kNoDiskCalls};  // Which calls.
  std::atomic<int32_t> error{0};              // Their errno.
  std::atomic<int64_t> times{0};              // How many more times.
  std::atomic<uint64_t> failed{0};            // How many calls have failed so far, for any reason.
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_DISK_FAULT_H_
