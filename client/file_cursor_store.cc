#include "client/file_cursor_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/internal/event_check.h"

namespace playhead {
namespace {

// A file is four lines, each with a line break: format, instance, cursor, and a checksum of the first three.
constexpr absl::string_view kFormat = "playhead-cursor 1";
constexpr size_t kFileBytesMax = 512;

absl::Status FromErrno(absl::string_view what, absl::string_view path) {
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

std::string Encode(absl::string_view instance, uint64_t cursor) {
  std::string lines = absl::StrCat(kFormat, "\n", instance, "\n", cursor, "\n");
  const uint64_t checksum = XXH3_64bits(lines.data(), lines.size());
  absl::StrAppendFormat(&lines, "%016x\n", checksum);
  return lines;
}

std::optional<uint64_t> Decode(absl::string_view instance, const std::string& bytes) {
  const std::vector<absl::string_view> lines = absl::StrSplit(bytes, '\n');
  uint64_t cursor;
  if (lines.size() != 5 || !absl::SimpleAtoi(lines[2], &cursor)) return std::nullopt;
  // Only exactly what Encode writes is trusted.
  if (Encode(instance, cursor) != bytes) return std::nullopt;
  return cursor;
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Owns a file descriptor.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Syncs the folder's parent: if a power failure lost the folder, every cursor would be lost with it, and a reader that
// starts at "now" would silently skip events. Also done for a folder that already existed, because the process that
// made it may have been killed before its sync. For such a folder it is no error if the parent may not be opened or its
// file system cannot sync.
bool SyncParent(const Fd& folder, bool made) {
  const Fd parent(openat(folder.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0) return !made && errno == EACCES;
  return fsync(parent.get()) == 0 || (!made && errno == EINVAL);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileCursorStore>> FileCursorStore::Open(std::string folder) {
  const bool made = mkdir(folder.c_str(), 0777) == 0;
  if (!made && errno != EEXIST) return FromErrno("cannot make the folder", folder);
  Fd folder_fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_fd.get() < 0) return FromErrno("cannot open the folder", folder);
  if (!SyncParent(folder_fd, made)) return FromErrno("cannot sync the folder that holds", folder);
  Fd lock_fd(openat(folder_fd.get(), "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock_fd.get() < 0) return FromErrno("cannot open the lock file of", folder);
  if (flock(lock_fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FromErrno("cannot lock", folder);
    return absl::FailedPreconditionError(absl::StrCat(
        "the cursors in ", folder, " are in use by another reader: two would overwrite each other's place"));
  }
  return std::unique_ptr<FileCursorStore>(
      new FileCursorStore(std::move(folder), folder_fd.Release(), lock_fd.Release()));
}

FileCursorStore::FileCursorStore(std::string folder, int folder_fd, int lock_fd)
    : folder_(std::move(folder)), folder_fd_(folder_fd), lock_fd_(lock_fd) {}

FileCursorStore::~FileCursorStore() {
  close(lock_fd_);  // Gives up the lock.
  close(folder_fd_);
}

absl::StatusOr<std::optional<uint64_t>> FileCursorStore::Load(absl::string_view instance) {
  if (absl::Status status = internal::CheckInstanceName(instance); !status.ok()) return status;
  const std::string name = absl::StrCat(instance, ".cursor");
  const std::string path = absl::StrCat(folder_, "/", name);
  const Fd file(openat(folder_fd_, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    return FromErrno("cannot open", path);
  }
  std::string bytes(kFileBytesMax, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno("cannot read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  bytes.resize(size);
  const std::optional<uint64_t> cursor = Decode(instance, bytes);
  if (!cursor) {
    return absl::DataLossError(absl::StrCat(path, " is not an intact cursor of instance ", instance,
                                            ": where to resume is not known. To start over on purpose, remove it"));
  }
  return cursor;
}

absl::Status FileCursorStore::Save(absl::string_view instance, uint64_t cursor) {
  if (absl::Status status = internal::CheckInstanceName(instance); !status.ok()) return status;
  const std::string name = absl::StrCat(instance, ".cursor");
  const std::string temporary = absl::StrCat(name, ".new");
  const std::string path = absl::StrCat(folder_, "/", name);
  {
    const Fd file(openat(folder_fd_, temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (file.get() < 0) return FromErrno("cannot write", path);
    if (!WriteAll(file.get(), Encode(instance, cursor)) || fsync(file.get()) != 0)
      return FromErrno("cannot write", path);
  }
  if (renameat(folder_fd_, temporary.c_str(), folder_fd_, name.c_str()) != 0) return FromErrno("cannot replace", path);
  if (fsync(folder_fd_) != 0) return FromErrno("cannot sync the folder of", path);
  return absl::OkStatus();
}

}  // namespace playhead
