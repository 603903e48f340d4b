#include "broker/backup_dirs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

std::filesystem::path Normal(const std::filesystem::path& path) {
  const std::filesystem::path normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();  // "a/b/" is "a/b".
}

bool IsInOrBelow(const std::filesystem::path& path, const std::filesystem::path& dir) {
  return std::mismatch(dir.begin(), dir.end(), path.begin(), path.end()).first == dir.end();
}

}  // namespace

absl::StatusOr<BackupDirs> BackupDirs::Make(const std::vector<std::string>& allowed, const std::string& data_dir) {
  BackupDirs dirs;
  dirs.data_dir_ = Normal(std::filesystem::absolute(data_dir));
  for (const std::string& dir : allowed) {
    const std::filesystem::path path(dir);
    if (!path.is_absolute() || IsInOrBelow(Normal(path), dirs.data_dir_)) {
      return absl::InvalidArgumentError(
          absl::StrCat("backup_dir is ", dir, "; it must be an absolute path, and not in the data directory"));
    }
    dirs.allowed_.push_back(Normal(path));
  }
  return dirs;
}

absl::StatusOr<std::string> BackupDirs::Resolve(absl::string_view asked) const {
  if (allowed_.empty()) {
    return MakeError(Reason::kBackupDirRefused,
                     "this broker writes no backups: its operator starts it with --backup_dir=DIR");
  }
  const std::filesystem::path path = Normal(allowed_.front() / std::string(asked));  // An absolute one replaces it.
  const bool is_allowed =
      std::any_of(allowed_.begin(), allowed_.end(), [&](const auto& dir) { return IsInOrBelow(path, dir); });
  if (!asked.empty() && asked.find('\0') == absl::string_view::npos && is_allowed && !IsInOrBelow(path, data_dir_)) {
    return path.string();
  }
  const auto add = [](std::string* out, const std::filesystem::path& dir) { out->append(dir.string()); };
  return MakeError(
      Reason::kBackupDirRefused,
      absl::StrCat("backups are written in or below ", absl::StrJoin(allowed_, ", ", add), " on the broker's machine"));
}

}  // namespace playhead::broker
