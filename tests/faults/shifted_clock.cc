// A library to be preloaded (LD_PRELOAD) that shifts a program's wall clock by the number of nanoseconds in the file
// named by WALL_CLOCK_SHIFT_FILE, an int64_t that may be changed while the program runs. Steady clocks are not shifted.
//
// Waits until a time of the wall clock use the shifted clock, as the kernel's would if the clock were set. That covers
// absl's Mutex and CondVar, which wait on futexes through syscall(), but not pthread_cond_timedwait().
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <ctime>

#include "tests/faults/preloaded.h"

namespace {

using playhead::testing::MapSharedValue;
using playhead::testing::NextFunction;

constexpr int64_t kSecond = 1'000'000'000;
// How soon a wait notices that the clock was set.
constexpr int64_t kSlice = kSecond / 100;

const std::atomic<int64_t>& Shift() {
  static const auto* const shift = MapSharedValue<std::atomic<int64_t>>("WALL_CLOCK_SHIFT_FILE");
  return *shift;
}

int RealClock(clockid_t clock, timespec* out) {
  static const auto real = NextFunction<int (*)(clockid_t, timespec*)>("clock_gettime");
  return real(clock, out);
}

int64_t RealNanos() {
  timespec now{};
  RealClock(CLOCK_REALTIME, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

timespec ToTimespec(int64_t nanos) {
  const int64_t begin = nanos >= 0 ? nanos / kSecond : (nanos - kSecond + 1) / kSecond;
  return {begin, nanos - begin * kSecond};
}

using SyscallArguments = std::array<long, 6>;

long RealSyscall(long number, const SyscallArguments& a) {
  static const auto real = NextFunction<long (*)(long, ...)>("syscall");
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// A futex wait until the shifted clock shows what its timeout says.
long Wait(long number, SyscallArguments arguments) {
  const auto* const deadline = reinterpret_cast<const timespec*>(arguments[3]);
  const int64_t end = deadline->tv_sec * kSecond + deadline->tv_nsec;
  for (;;) {
    const int64_t now = RealNanos();
    const int64_t left = end - (now + Shift().load());
    const timespec slice_end = ToTimespec(now + std::clamp<int64_t>(left, 0, kSlice));
    arguments[3] = reinterpret_cast<long>(&slice_end);
    const long result = RealSyscall(number, arguments);
    if (result != -1 || errno != ETIMEDOUT || left <= kSlice) return result;
  }
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* out) noexcept {
  const int result = RealClock(clock, out);
  if (result != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  *out = ToTimespec(out->tv_sec * kSecond + out->tv_nsec + Shift().load());
  return 0;
}

int gettimeofday(timeval* __restrict out, void* __restrict) noexcept {
  const timespec now = ToTimespec(RealNanos() + Shift().load());
  *out = {now.tv_sec, now.tv_nsec / 1000};
  return 0;
}

time_t time(time_t* out) noexcept {
  const time_t now = ToTimespec(RealNanos() + Shift().load()).tv_sec;
  if (out != nullptr) *out = now;
  return now;
}

long syscall(long number, ...) noexcept {
  SyscallArguments arguments;
  va_list more;
  va_start(more, number);
  for (long& argument : arguments) argument = va_arg(more, long);
  va_end(more);
  const bool waits_by_wall_clock = number == SYS_futex && arguments[3] != 0 &&
                                   arguments[1] == (FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
  return waits_by_wall_clock ? Wait(number, arguments) : RealSyscall(number, arguments);
}

}  // extern "C"
