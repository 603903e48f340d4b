#include "storage/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace playhead::storage {
namespace {

constexpr rlim_t kDescriptorsUseful = rlim_t{1} << 20;

// Files that the store has open besides its tables: logs, MANIFEST, folders, a backup's files, and short-lived ones.
constexpr int kOtherFiles = 32;

// Enough for all tables of a few hundred slices. If the process has few descriptors, a quarter of them.
constexpr int kTableFiles = 512;
constexpr int kTableFilesShare = 4;

}  // namespace

absl::Status RaiseDescriptorsMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::ErrnoToStatus(errno, "getrlimit");
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kDescriptorsUseful));
  // If the limit cannot be raised, the check below decides.
  setrlimit(RLIMIT_NOFILE, &limit);
  if (DescriptorsMax() >= kDescriptorsWanted) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("this process may have only ", DescriptorsMax(),
                                                    " files and connections open at once, and a broker "
                                                    "needs ",
                                                    kDescriptorsWanted,
                                                    " and better has thousands: raise `ulimit -n`"));
}

int DescriptorsMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsWanted;
  return static_cast<int>(std::min(limit.rlim_cur, kDescriptorsUseful));
}

int TableFilesMax(int descriptors) { return std::min(kTableFiles, descriptors / kTableFilesShare); }

int ConnectionDescriptorsEnd(int descriptors) { return descriptors - TableFilesMax(descriptors) - kOtherFiles; }

}  // namespace playhead::storage
