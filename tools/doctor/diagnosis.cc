#include "tools/doctor/diagnosis.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "broker/private_file.h"
#include "storage/options.h"

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
constexpr uint64_t kOpenFilesWanted = 4096;
constexpr uint64_t kMemoryWanted = uint64_t{256} << 20;
constexpr size_t kSecretBytesMax = 1 << 16;

std::string ErrorText() { return std::strerror(errno); }

std::string MebibytesText(uint64_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); }

// The folder, or the nearest above it that is there.
std::string ExistingFolder(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(data_dir, error).lexically_normal();
  while (!std::filesystem::exists(path, error) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

std::optional<uint64_t> ReadNumber(const char* file) {
  std::ifstream in(file);
  std::string text;
  uint64_t number = 0;
  if (!(in >> text) || !absl::SimpleAtoi(text, &number)) return std::nullopt;  // "max" too: there is no limit.
  return number;
}

// When the newest file in the folder was written; the past if there is none.
absl::Time NewestFile(const std::string& data_dir) {
  absl::Time newest = absl::InfinitePast();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir, error)) {
    struct stat info;
    if (::stat(entry.path().c_str(), &info) == 0) newest = std::max(newest, absl::TimeFromTimespec(info.st_mtim));
  }
  return newest;
}

}  // namespace

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kGood:
      return "good";
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kProblem:
      return "problem";
  }
  return "";
}

Diagnosis CheckFolder(const std::string& data_dir) {
  Diagnosis out{.subject = "data folder"};
  struct stat info;
  if (::stat(data_dir.c_str(), &info) != 0) {
    if (errno != ENOENT) {
      return {Severity::kProblem, out.subject, absl::StrCat(data_dir, " cannot be looked at: ", ErrorText()),
              "run as the user that the broker runs as"};
    }
    const std::string above = ExistingFolder(data_dir);
    if (::access(above.c_str(), W_OK | X_OK) != 0) {
      return {Severity::kProblem, out.subject, absl::StrCat(data_dir, " is not there, and ", above, " is not writable"),
              "make the folder for the user that the broker runs as"};
    }
    return {Severity::kNote, out.subject, absl::StrCat(data_dir, " is not there yet: the broker makes it"), ""};
  }
  if (!S_ISDIR(info.st_mode)) {
    return {Severity::kProblem, out.subject, absl::StrCat(data_dir, " is no folder"), "give the broker a folder"};
  }
  if (::access(data_dir.c_str(), R_OK | W_OK | X_OK) != 0) {
    return {Severity::kProblem, out.subject, absl::StrCat(data_dir, " is not writable: ", ErrorText()),
            "run as the user that it belongs to, or give it to the one that the broker runs as"};
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {Severity::kWarning, out.subject,
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
    return {Severity::kProblem, out.subject, absl::StrCat("cannot be asked: ", ErrorText()), ""};
  }
  switch (static_cast<long>(info.f_type)) {
    case kTmpfs:
      return {Severity::kProblem, out.subject, "tmpfs: it is in memory, and gone with the machine",
              "keep the store on a disk"};
    case kNfs:
    case kSmb:
      return {Severity::kWarning, out.subject, "of a network: what a sync means there is the server's affair",
              "keep the store on a disk of this machine"};
    case kFuse:
      return {Severity::kWarning, out.subject, "FUSE: what a sync means there is its program's affair",
              "keep the store on a file system of the kernel's"};
    case kOverlay:
      return {Severity::kWarning, out.subject, "overlay: of a container, and usually gone with it",
              "keep the store in a volume"};
    default:
      break;
  }
  if ((info.f_flags & ST_RDONLY) != 0) {
    return {Severity::kProblem, out.subject, "mounted read-only", "mount it for writing"};
  }
  out.finding = "of a disk, mounted for writing";
  return out;
}

Diagnosis CheckFreeSpace(const std::string& data_dir) {
  Diagnosis out{.subject = "free space"};
  struct statfs info;
  if (::statfs(ExistingFolder(data_dir).c_str(), &info) != 0) {
    return {Severity::kProblem, out.subject, absl::StrCat("cannot be asked: ", ErrorText()), ""};
  }
  const uint64_t bytes = static_cast<uint64_t>(info.f_bavail) * static_cast<uint64_t>(info.f_bsize);
  const storage::StoreOptions defaults;
  out.finding = absl::StrCat(MebibytesText(bytes), " are free");
  if (bytes < defaults.disk_free_bytes_min) {
    out.severity = Severity::kProblem;
    absl::StrAppend(&out.finding, ": below ", MebibytesText(defaults.disk_free_bytes_min), " appends are refused");
    out.advice = "make room, or set retention (playhead retention set)";
  } else if (bytes < defaults.disk_free_bytes_min + 4 * defaults.slice_bytes) {
    out.severity = Severity::kWarning;
    absl::StrAppend(&out.finding, ": merging a slice of the log may take up to ",
                    MebibytesText(2 * defaults.slice_bytes));
    out.advice = "make room, or set retention (playhead retention set)";
  }
  return out;
}

Diagnosis JudgeDiskSpeed(absl::Duration p50, absl::Duration p99) {
  Diagnosis out{.subject = "disk speed"};
  out.finding = absl::StrFormat("a synced write of 4 KiB takes %d us, one in a hundred %d us",
                                absl::ToInt64Microseconds(p50), absl::ToInt64Microseconds(p99));
  if (p50 < absl::Microseconds(15)) {
    out.severity = Severity::kWarning;
    absl::StrAppend(&out.finding, ": faster than any disk, so it may not be on one when it says so");
    out.advice = "make sure that the disk, or the virtual machine's host, does not answer syncs from memory";
  } else if (p50 > absl::Milliseconds(10)) {
    out.severity = Severity::kWarning;
    absl::StrAppend(&out.finding, ": each acknowledgement waits that long");
    out.advice = "append in batches or over a stream, or take a faster disk";
  }
  return out;
}

Diagnosis CheckDiskSpeed(const std::string& data_dir) {
  const std::string path = absl::StrCat(ExistingFolder(data_dir), "/.playhead-doctor-", ::getpid());
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0)
    return {Severity::kProblem, "disk speed", absl::StrCat("cannot write to the folder: ", ErrorText()), ""};
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
    return {Severity::kProblem, "disk speed", absl::StrCat("a synced write fails: ", error), "replace the disk"};
  }
  std::sort(times.begin(), times.end());
  return JudgeDiskSpeed(times[times.size() / 2], times[times.size() * 99 / 100]);
}

Diagnosis JudgeOpenFiles(uint64_t limit) {
  Diagnosis out{.subject = "open files", .finding = absl::StrCat("up to ", limit)};
  if (limit < kOpenFilesWanted) {
    out.severity = Severity::kWarning;
    absl::StrAppend(&out.finding, ": each connection takes one, and each slice of the log a few");
    out.advice = "ulimit -n 65536, or LimitNOFILE=65536 in the unit";
  }
  return out;
}

Diagnosis CheckOpenFiles() {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {Severity::kNote, "open files", ErrorText(), ""};
  return JudgeOpenFiles(limit.rlim_max);  // To which the broker raises its own.
}

Diagnosis JudgeMemory(uint64_t bytes) {
  Diagnosis out{.subject = "memory", .finding = absl::StrCat(MebibytesText(bytes), " for this process")};
  if (bytes < kMemoryWanted) {
    out.severity = Severity::kWarning;
    absl::StrAppend(&out.finding, ": a busy broker takes ", MebibytesText(kMemoryWanted), " and more");
    out.advice = "give it more, or lower --write_buffer_bytes and the budgets (playhead serve --help)";
  }
  return out;
}

Diagnosis CheckMemory() {
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  uint64_t bytes = pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    if (const auto limit = ReadNumber(file)) bytes = std::min(bytes, *limit);
  }
  return JudgeMemory(bytes);
}

Diagnosis JudgeClock(absl::Time now, absl::Time newest_file, bool is_kept_in_step) {
  Diagnosis out{.subject = "clock"};
  if (newest_file > now + absl::Minutes(1)) {
    return {Severity::kProblem, out.subject,
            absl::StrCat("it is ", absl::FormatDuration(absl::Trunc(newest_file - now, absl::Seconds(1))),
                         " behind the newest file of the store: events get the time of those before them"),
            "set the clock"};
  }
  if (!is_kept_in_step) {
    return {Severity::kWarning, out.subject, "nothing keeps it in step: retention by age and starts at a time go by it",
            "run chrony or systemd-timesyncd"};
  }
  out.finding = "kept in step, and not behind the store";
  return out;
}

Diagnosis CheckClock(const std::string& data_dir) {
  struct timex state = {};
  const bool is_kept_in_step = ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return JudgeClock(absl::Now(), NewestFile(data_dir), is_kept_in_step);
}

Diagnosis CheckSecretFile(absl::string_view name, const std::string& path, bool is_optional) {
  Diagnosis out{.subject = std::string(name)};
  const auto content = broker::ReadPrivateFile(path, kSecretBytesMax);
  if (content.ok()) {
    out.finding = absl::StrCat(path, " is nobody else's");
  } else if (absl::IsNotFound(content.status()) && is_optional) {
    out.finding = absl::StrCat(path, " is not there, and made when it is needed");
  } else if (absl::IsNotFound(content.status())) {
    out.severity = Severity::kProblem;
    out.finding = absl::StrCat(path, " is missing");
    out.advice = "name the file that is there, or put it back";
  } else {
    out.severity = Severity::kProblem;
    out.finding = std::string(content.status().message());
    out.advice = absl::StrCat("chmod 600 ", path, ", as the user that the broker runs as");
  }
  return out;
}

}  // namespace playhead::tools
