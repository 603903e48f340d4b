#include "broker/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace playhead::broker {
namespace {

absl::Status FileError(absl::string_view what, const std::string& path) {
  const std::string message = absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(errno));
  if (errno == ENOENT) return absl::NotFoundError(message);
  if (errno == EEXIST) return absl::AlreadyExistsError(message);
  return absl::FailedPreconditionError(message);
}

absl::Status WriteAll(int fd, absl::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno != EINTR) return FileError("write", path);
    if (written > 0) content.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : FileError("sync", path);
}

}  // namespace

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path, size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FileError("open", path);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return FileError("look at", path);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("others than its owner may use ", path, ", which holds a secret: chmod 600 it"));
  }
  std::string content(bytes_max + 1, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has more than ", bytes_max, " bytes, which is more than a secret has"));
  }
  content.resize(size);
  return content;
}

absl::Status MakePrivateFile(const std::string& path, absl::string_view content) {
  // Written under another name until it is complete: a crash never leaves part of a secret at `path`.
  const std::string unfinished = absl::StrCat(path, ".unfinished");
  unlink(unfinished.c_str());
  const int fd = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return FileError("make", unfinished);
  const absl::Cleanup remove = [&unfinished] { unlink(unfinished.c_str()); };
  absl::Status status = WriteAll(fd, content, unfinished);
  close(fd);
  if (!status.ok()) return status;
  // Unlike rename, link fails if `path` exists.
  if (link(unfinished.c_str(), path.c_str()) != 0) return FileError("make", path);
  const std::string folder = std::filesystem::absolute(path).parent_path();
  const int folder_fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return FileError("open", folder);
  const absl::Cleanup close_folder = [folder_fd] { close(folder_fd); };
  return fsync(folder_fd) == 0 ? absl::OkStatus() : FileError("sync", folder);
}

}  // namespace playhead::broker
