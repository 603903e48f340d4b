#include "storage/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace playhead::storage {
namespace {

constexpr rlim_t kDescriptorsUseful = rlim_t{1} << 20;

// What the store has open besides its tables: logs, MANIFEST, folders, a backup's files; and what is open for a moment.
constexpr int kOtherFiles = 32;

// All tables of a few hundred slices; and of a process that may have few descriptors, a quarter of them.
constexpr int kTableFiles = 512;
constexpr int kTableFilesShare = 4;

}  // namespace

absl::Status RaiseDescriptorsMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return absl::ErrnoToStatus(errno, "getrlimit");
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kDescriptorsUseful));
  // Of one that may not be raised after all, what there is must do.
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

int TableFilesMax() { return std::min(kTableFiles, DescriptorsMax() / kTableFilesShare); }

int ConnectionDescriptorsEnd() { return DescriptorsMax() - TableFilesMax() - kOtherFiles; }

}  // namespace playhead::storage
