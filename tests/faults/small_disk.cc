#include "tests/faults/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

void Check(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

absl::Status Refused(const char* what) {
  return absl::UnavailableError(absl::ErrnoToStatus(errno, absl::StrCat("no disk to fill: ", what)).message());
}

bool WriteFile(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// Once: mounts of this thread are nobody else's from here on.
absl::Status EnterNamespace() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return Refused("unshare");
    // Root there is this user here.
    if (!WriteFile("/proc/self/setgroups", "deny") ||
        !WriteFile("/proc/self/uid_map", absl::StrCat("0 ", user, " 1")) ||
        !WriteFile("/proc/self/gid_map", absl::StrCat("0 ", group, " 1"))) {
      return Refused("uid_map");
    }
  }
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return Refused("making mounts private");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SmallDisk>> SmallDisk::Mount(const std::string& path, uint64_t bytes) {
  static const absl::Status* const entered = new absl::Status(EnterNamespace());
  if (!entered->ok()) return *entered;
  if (mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, absl::StrCat("size=", bytes).c_str()) != 0) {
    return Refused("mount");
  }
  return std::unique_ptr<SmallDisk>(new SmallDisk(path));
}

SmallDisk::~SmallDisk() { umount2(path_.c_str(), MNT_DETACH); }

void SmallDisk::FillUpTo(uint64_t free_bytes) {
  struct statvfs disk = {};
  Check(statvfs(path_.c_str(), &disk) == 0, "statvfs");
  const uint64_t free_now = uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free_now <= free_bytes) return;
  const int file = open(ballast().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  Check(file >= 0, "ballast");
  const std::vector<char> block(free_now - free_bytes, 'x');
  // If others take the rest meanwhile it is full, which is no worse.
  for (size_t written = 0; written < block.size();) {
    const ssize_t more = write(file, block.data() + written, block.size() - written);
    if (more <= 0) break;
    written += static_cast<size_t>(more);
  }
  close(file);
}

void SmallDisk::Relieve() { unlink(ballast().c_str()); }

void SmallDisk::MakeReadOnly() {
  Check(mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) == 0, "remount");
}

}  // namespace playhead::testing
