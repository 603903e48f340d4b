// FileCursorStore: keeps cursors in files, one per instance, that survive a crash at any moment.
#ifndef PLAYHEAD_CLIENT_FILE_CURSOR_STORE_H_
#define PLAYHEAD_CLIENT_FILE_CURSOR_STORE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cursor_store.h"

namespace playhead {

// A folder with one small file per instance, `<instance>.cursor`. A save writes a new file, syncs it, renames it over
// the old one and syncs the folder, so that a crash at any moment leaves the old cursor or the new one.
class FileCursorStore : public CursorStore {
 public:
  // Creates the folder if necessary, and locks it for this process until the store is destroyed.
  //   FailedPrecondition  another store, in this or another process, holds the folder.
  //   Others              an error of the file system.
  static absl::StatusOr<std::unique_ptr<FileCursorStore>> Open(std::string folder);

  ~FileCursorStore() override;
  FileCursorStore(const FileCursorStore&) = delete;
  FileCursorStore& operator=(const FileCursorStore&) = delete;

  //   InvalidArgument  `instance` is not a valid name.
  //   DataLoss         the file is torn, corrupt or of another instance. Never treated as "no cursor": to start over on
  //                    purpose, remove the file that the message names.
  absl::StatusOr<std::optional<uint64_t>> Load(absl::string_view instance) override;
  absl::Status Save(absl::string_view instance, uint64_t cursor) override;

 private:
  FileCursorStore(std::string folder, int folder_fd, int lock_fd);

  const std::string folder_;
  const int folder_fd_;
  const int lock_fd_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_FILE_CURSOR_STORE_H_
