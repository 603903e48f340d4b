// The directories that the operator allows backups in: a key that may request a backup cannot have it written anywhere
// else.
#ifndef PLAYHEAD_BROKER_BACKUP_DIRS_H_
#define PLAYHEAD_BROKER_BACKUP_DIRS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Immutable. Compares paths as text: symbolic links in those directories are the operator's responsibility.
class BackupDirs {
 public:
  // `allowed`: absolute paths; empty means no backups.
  //   InvalidArgument  one is not absolute, or is in the data directory.
  static absl::StatusOr<BackupDirs> Make(const std::vector<std::string>& allowed, const std::string& data_dir);

  // The directory that `asked` names: an absolute path in or below an allowed one, or a path relative to the first of
  // them.
  //   PermissionDenied (BACKUP_DIR_REFUSED)  it is neither; the message names the allowed directories.
  absl::StatusOr<std::string> Resolve(absl::string_view asked) const;

 private:
  std::vector<std::filesystem::path> allowed_;
  std::filesystem::path data_dir_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_BACKUP_DIRS_H_
