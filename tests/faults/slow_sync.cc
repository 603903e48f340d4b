// A library to be preloaded (LD_PRELOAD) that simulates a slow disk. Each sync of a file of the write-ahead log takes
// longer by the number of nanoseconds in the file named by SYNC_DELAY_FILE, an int64_t that may be changed while the
// program runs.
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>

#include "tests/faults/preloaded.h"

namespace {

using playhead::testing::MapSharedValue;
using playhead::testing::NextFunction;

const std::atomic<int64_t>& Delay() {
  static const auto* const delay = MapSharedValue<std::atomic<int64_t>>("SYNC_DELAY_FILE");
  return *delay;
}

bool IsWriteAheadLog(int file) {
  std::array<char, 4096> path;
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path.data(), path.size());
  return size > 4 && std::memcmp(path.data() + size - 4, ".log", 4) == 0;
}

void WaitAsTheDiskDoes(int file) {
  constexpr int64_t kSecond = 1'000'000'000;
  const int64_t nanos = Delay();
  if (nanos == 0 || !IsWriteAheadLog(file)) return;
  const timespec time = {nanos / kSecond, nanos % kSecond};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

using Sync = int (*)(int);

}  // namespace

extern "C" {

int fsync(int file) {
  static const auto real = NextFunction<Sync>("fsync");
  WaitAsTheDiskDoes(file);
  return real(file);
}

int fdatasync(int file) {
  static const auto real = NextFunction<Sync>("fdatasync");
  WaitAsTheDiskDoes(file);
  return real(file);
}

}  // extern "C"
