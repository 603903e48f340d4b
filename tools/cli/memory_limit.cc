#include "tools/cli/memory_limit.h"

#include <sys/resource.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace playhead::tools {

absl::Status CheckAddressSpace() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0) return absl::ErrnoToStatus(errno, "getrlimit");
  if (limit.rlim_cur >= kAddressSpaceWanted) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("this process may map only ", limit.rlim_cur >> 20, " MiB of memory (ulimit -v), and a broker maps ",
                   kAddressSpaceWanted >> 20,
                   " MiB, most of which it never uses: bound what it uses instead (MemoryMax= of its unit, the memory "
                   "of its container)"));
}

}  // namespace playhead::tools
