#include "tools/doctor/data_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "tools/doctor/size_text.h"

namespace playhead::tools {
namespace {

// linux/magic.h.
constexpr long kTmpfs = 0x01021994;
constexpr long kNfs = 0x6969;
constexpr long kSmb = 0xfe534d42;
constexpr long kFuse = 0x65735546;
constexpr long kOverlay = 0x794c7630;

constexpr size_t kProbes = 200;
constexpr size_t kProbeBytes = 4096;

std::string ErrorText() { return std::strerror(errno); }

}  // namespace

std::string ExistingFolder(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(data_dir, error).lexically_normal();
  while (!std::filesystem::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

Diagnosis CheckFolder(const std::string& data_dir) {
  Diagnosis out{.subject = "data folder"};
  struct stat info;
  if (::stat(data_dir.c_str(), &info) != 0) {
    if (errno != ENOENT) {
      return {Severity::kProblem, "DATA_FOLDER_UNREADABLE", out.subject,
              absl::StrCat(data_dir, " cannot be looked at: ", ErrorText()), "run as the user that the broker runs as"};
    }
    const std::string above = ExistingFolder(data_dir);
    if (::access(above.c_str(), W_OK | X_OK) != 0) {
      return {Severity::kProblem, "DATA_FOLDER_NOT_WRITABLE", out.subject,
              absl::StrCat(data_dir, " is not there, and ", above, " is not writable"),
              "make the folder for the user that the broker runs as"};
    }
    return {Severity::kNote, "DATA_FOLDER_ABSENT", out.subject,
            absl::StrCat(data_dir, " is not there yet: the broker makes it"), ""};
  }
  if (!S_ISDIR(info.st_mode)) {
    return {Severity::kProblem, "DATA_FOLDER_NOT_A_FOLDER", out.subject, absl::StrCat(data_dir, " is no folder"),
            "give the broker a folder"};
  }
  if (::access(data_dir.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {Severity::kProblem, "DATA_FOLDER_NOT_WRITABLE", out.subject,
            absl::StrCat(data_dir, " is not writable: ", ErrorText()),
            "run as the user that it belongs to, or give it to the one that the broker runs as"};
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {Severity::kWarning, "DATA_FOLDER_SHARED", out.subject,
            absl::StrFormat("%s has mode %o: others may get at events", data_dir, info.st_mode & 07777),
            absl::StrCat("chmod 700 ", data_dir)};
  }
  out.finding = absl::StrCat(data_dir, " is writable, and nobody else's");
  return out;
}

Diagnosis CheckFileSystem(const std::string& data_dir) {
  Diagnosis out{.subject = "file system"};
  struct statfs info;
  if (::statfs(ExistingFolder(data_dir).c_str(), &info) != 0) {
    return {Severity::kProblem, "FILE_SYSTEM_UNREADABLE", out.subject, absl::StrCat("cannot be asked: ", ErrorText()),
            ""};
  }
  switch (static_cast<long>(info.f_type)) {
    case kTmpfs:
      return {Severity::kProblem, "FILE_SYSTEM_IN_MEMORY", out.subject,
              "tmpfs: it is in memory, and gone with the machine", "keep the store on a disk"};
    case kNfs:
    case kSmb:
      return {Severity::kWarning, "FILE_SYSTEM_REMOTE", out.subject,
              "of a network: what a sync means there is the server's affair",
              "keep the store on a disk of this machine"};
    case kFuse:
      return {Severity::kWarning, "FILE_SYSTEM_FUSE", out.subject,
              "FUSE: what a sync means there is its program's affair",
              "keep the store on a file system of the kernel's"};
    case kOverlay:
      return {Severity::kWarning, "FILE_SYSTEM_OVERLAY", out.subject,
              "overlay: of a container, and usually gone with it", "keep the store in a volume"};
    default:
      break;
  }
  if ((info.f_flags & ST_RDONLY) != 0) {
    return {Severity::kProblem, "FILE_SYSTEM_READ_ONLY", out.subject, "mounted read-only", "mount it for writing"};
  }
  out.finding = "of a disk, mounted for writing";
  return out;
}

Diagnosis CheckFreeSpace(const storage::StoreOptions& store) {
  Diagnosis out{.subject = "free space"};
  struct statfs info;
  if (::statfs(ExistingFolder(store.data_dir).c_str(), &info) != 0) {
    return {Severity::kProblem, "FILE_SYSTEM_UNREADABLE", out.subject, absl::StrCat("cannot be asked: ", ErrorText()),
            ""};
  }
  const uint64_t bytes = static_cast<uint64_t>(info.f_bavail) * static_cast<uint64_t>(info.f_bsize);
  return JudgeFreeSpace(bytes, store);
}

Diagnosis JudgeFreeSpace(uint64_t bytes, const storage::StoreOptions& store) {
  Diagnosis out{.subject = "free space", .finding = absl::StrCat(MebibytesText(bytes), " are free")};
  if (bytes < store.disk_free_bytes_min) {
    out.severity = Severity::kProblem;
    out.code = "DISK_LOW";
    absl::StrAppend(&out.finding, ": below ", MebibytesText(store.disk_free_bytes_min),
                    " (--disk_free_bytes_min) appends are refused");
    out.advice = "make room, or set retention (playhead retention set)";
  } else if (bytes < store.disk_free_bytes_min + 4 * store.slice_bytes) {
    out.severity = Severity::kWarning;
    out.code = "DISK_NEARLY_LOW";
    absl::StrAppend(&out.finding, ": merging a slice of the log may take up to ", MebibytesText(2 * store.slice_bytes));
    out.advice = "make room, or set retention (playhead retention set)";
  } else if (store.disk_free_bytes_min == 0) {
    out.severity = Severity::kNote;
    out.code = "DISK_WATERMARK_OFF";
    absl::StrAppend(&out.finding, ": --disk_free_bytes_min is 0, so that a full disk is met by a write that fails");
    out.advice = "leave --disk_free_bytes_min at its default";
  }
  return out;
}

Diagnosis JudgeDiskSpeed(absl::Duration p50, absl::Duration p99) {
  Diagnosis out{.subject = "disk speed"};
  out.finding = absl::StrFormat("a synced write of 4 KiB takes %d us, one in a hundred %d us",
                                absl::ToInt64Microseconds(p50), absl::ToInt64Microseconds(p99));
  if (p50 < absl::Microseconds(15)) {
    out.severity = Severity::kWarning;
    out.code = "DISK_SYNC_SUSPECT";
    absl::StrAppend(&out.finding, ": faster than any disk, so it may not be on one when it says so");
    out.advice = "make sure that the disk, or the virtual machine's host, does not answer syncs from memory";
  } else if (p50 > absl::Milliseconds(10)) {
    out.severity = Severity::kWarning;
    out.code = "DISK_SLOW";
    absl::StrAppend(&out.finding, ": each acknowledgement waits that long");
    out.advice = "append in batches or over a stream, or take a faster disk";
  }
  return out;
}

Diagnosis CheckDiskSpeed(const std::string& data_dir) {
  const std::string path = absl::StrCat(ExistingFolder(data_dir), "/.playhead-doctor-", ::getpid());
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0)
    return {Severity::kProblem, "DISK_WRITE_FAILS", "disk speed",
            absl::StrCat("cannot write to the folder: ", ErrorText()), ""};
  ::unlink(path.c_str());
  const std::string block(kProbeBytes, 'x');
  std::vector<absl::Duration> times;
  std::string error;
  for (size_t i = 0; i < kProbes && error.empty(); ++i) {
    const absl::Time start = absl::Now();
    const bool written = ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size());
    if (!written || ::fdatasync(file) != 0) error = ErrorText();
    times.push_back(absl::Now() - start);
  }
  ::close(file);
  if (!error.empty()) {
    return {Severity::kProblem, "DISK_WRITE_FAILS", "disk speed", absl::StrCat("a synced write fails: ", error),
            "replace the disk"};
  }
  std::sort(times.begin(), times.end());
  return JudgeDiskSpeed(times[times.size() / 2], times[times.size() * 99 / 100]);
}

}  // namespace playhead::tools
