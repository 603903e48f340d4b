#include "tools/cli/core_dumps.h"

#include <sys/resource.h>

#include <cerrno>
#include <fstream>

namespace playhead::tools {

absl::Status ForbidCoreDumps() {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return absl::ErrnoToStatus(errno, "getrlimit");
  limit.rlim_cur = 0;
  // Excludes all memory from core dumps. Without /proc, no program can be configured to take them either.
  std::ofstream("/proc/self/coredump_filter") << "0";
  return ::setrlimit(RLIMIT_CORE, &limit) == 0 ? absl::OkStatus() : absl::ErrnoToStatus(errno, "setrlimit");
}

}  // namespace playhead::tools
