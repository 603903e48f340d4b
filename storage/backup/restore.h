// Makes a data directory of a point of a backup, for a broker that is not running.
//
// A cursor must never mean two events, and those that were given out after the point was made are in somebody's hands.
// So the restored store's epoch floor goes up by kRestoredEpochs above every floor that the backup knows of: those of
// its points, and those that earlier restores from it were given. Why not by one: between the last point and the loss
// the lost store may have raised its own (an accepted truncation, an unclean stop under a weaker durability, a name
// that was deleted and made again).
#ifndef PLAYHEAD_STORAGE_BACKUP_RESTORE_H_
#define PLAYHEAD_STORAGE_BACKUP_RESTORE_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

inline constexpr uint32_t kRestoredEpochs = 16;

struct RestoreOptions {
  std::string backup_dir;
  uint32_t point = 0;    // 0: the newest.
  std::string data_dir;  // Absent or empty (a `lost+found` does not count), or left by a restore that was cut off.
  // Instead of the floor above: for a copy whose clients never meet cursors of another store, and for backups that
  // cannot be written to. At least the point's own plus one.
  std::optional<uint32_t> epoch_floor;
  rocksdb::Env* env = nullptr;  // For tests; nullptr is the real one.
};

struct RestoreReport {
  BackupPoint point;
  uint32_t epoch_floor = 0;
};

// What there is to restore in a folder: points, as far as the sizes of their files tell, oldest first, and the numbers
// of those that are damaged. Reads no content.
struct BackupContent {
  std::vector<BackupPoint> points;
  std::vector<uint32_t> damaged;
};
//   NotFound  BACKUP_NOT_FOUND.   Unavailable  it cannot be read.
absl::StatusOr<BackupContent> ListBackup(const std::string& backup_dir);

// Copies, compares checksums, recovers the store and raises its epoch floor, all in a folder inside `data_dir`; then
// moves the files into place, the one that makes them a store last. Cut off at any moment it leaves either a store that
// is complete or none, and may be run again. Blocks for as long as it takes.
//   NotFound            BACKUP_NOT_FOUND.
//   DataLoss            a file of the point is missing or damaged.
//   FailedPrecondition  `data_dir` is not empty, or in use; or no epochs are left; or the floor cannot be noted in the
//                       backup.
//   Unavailable         a file could not be read or written.
absl::StatusOr<RestoreReport> Restore(const RestoreOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_RESTORE_H_
