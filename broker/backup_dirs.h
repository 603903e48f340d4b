// Where the broker's operator lets backups be written: so that a key, which can ask for one, cannot write anywhere
// else.
#ifndef PLAYHEAD_BROKER_BACKUP_DIRS_H_
#define PLAYHEAD_BROKER_BACKUP_DIRS_H_

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Immutable. Judges paths as text: what links in those folders lead to is the operator's doing.
class BackupDirs {
 public:
  // `allowed`: absolute paths; empty: no backups.   InvalidArgument  one is not absolute, or in the data directory.
  static absl::StatusOr<BackupDirs> Make(const std::vector<std::string>& allowed, const std::string& data_dir);

  // The folder that `asked` means: an absolute path in or below one that is allowed, or a path relative to the first.
  //   PermissionDenied (BACKUP_DIR_REFUSED)  it is neither; the message says what is.
  absl::StatusOr<std::string> Resolve(absl::string_view asked) const;

 private:
  std::vector<std::filesystem::path> allowed_;
  std::filesystem::path data_dir_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_BACKUP_DIRS_H_
