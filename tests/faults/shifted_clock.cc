// A library to be preloaded (LD_PRELOAD): shifts the wall clock of a program by as many nanoseconds as the file that
// WALL_CLOCK_SHIFT_FILE names says, an int64_t that may be changed while the program runs. Steady clocks go on as ever.
//
// Waits until a time of the wall clock go by the shifted one, as the kernel's would go by a clock that is set: those of
// absl's Mutex and CondVar, which are futexes by way of syscall(). Not those of pthread_cond_timedwait().
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
// How soon a wait notices that the clock was set.
constexpr int64_t kSlice = kSecond / 100;

const std::atomic<int64_t>& Shift() {
  static const std::atomic<int64_t>* const shift = [] {
    const char* const name = std::getenv("WALL_CLOCK_SHIFT_FILE");
    const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) std::abort();
    void* const page = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page == MAP_FAILED) std::abort();
    return static_cast<const std::atomic<int64_t>*>(page);
  }();
  return *shift;
}

template <typename Function>
Function Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function>(found);
}

int RealClock(clockid_t clock, timespec* out) {
  static const auto real = Next<int (*)(clockid_t, timespec*)>("clock_gettime");
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
  static const auto real = Next<long (*)(long, ...)>("syscall");
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
