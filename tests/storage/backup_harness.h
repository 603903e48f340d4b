// Blocking calls for backups and restores, for tests.
#ifndef PLAYHEAD_TESTS_STORAGE_BACKUP_HARNESS_H_
#define PLAYHEAD_TESTS_STORAGE_BACKUP_HARNESS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/backup/restore.h"
#include "storage/store_jobs.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"

namespace playhead::storage {

// As fast as it goes, and with an answer to wait for.
inline absl::StatusOr<BackupReport> BackUp(
    EventLog& log, const std::string& dir, uint32_t keep = 7,
    std::function<void(const BackupProgress&)> progress = [](const auto&) {},
    std::shared_ptr<JobControl> control = std::make_shared<JobControl>()) {
  return playhead::testing::Await<BackupReport>([&](auto done) {
    log.Backup({.dir = dir, .keep = keep, .bytes_per_second = 0}, std::move(control), std::move(progress),
               std::move(done));
  });
}

inline absl::StatusOr<RestoreReport> RestoreTo(const std::string& data_dir, const std::string& backup_dir,
                                               uint32_t point = 0) {
  return Restore({.backup_dir = backup_dir, .point = point, .data_dir = data_dir});
}

inline StoreOptions In(const std::string& dir) {
  StoreOptions options;
  options.data_dir = dir;
  return options;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_BACKUP_HARNESS_H_
