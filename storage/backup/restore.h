// Creates a data directory from a point of a backup, for a broker that is not running.
//
// A cursor must never mean two events, and clients may hold cursors that were issued after the point was made. So the
// restored store's epoch floor is kRestoredEpochs above every floor that the backup knows of: those of its points, and
// those of earlier restores from it. One above would not be enough: between the last point and the loss, the lost store
// may have raised its own floor (by an accepted truncation, an unclean stop under a weaker durability, or a name that
// was deleted and created again).
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
  // Replaces the floor described above: for a copy whose clients never see cursors of another store, and for backups
  // that cannot be written to. At least the point's own plus one.
  std::optional<uint32_t> epoch_floor;
  rocksdb::Env* env = nullptr;  // For tests; nullptr is the real file system.
};

struct RestoreReport {
  BackupPoint point;
  uint32_t epoch_floor = 0;
};

// The points of a backup: those that can be restored, judged by the sizes of their files, oldest first; and the numbers
// of the damaged ones. File contents are not read.
struct BackupContent {
  std::vector<BackupPoint> points;
  std::vector<uint32_t> damaged;
};
//   NotFound  BACKUP_NOT_FOUND.   Unavailable  it cannot be read.
absl::StatusOr<BackupContent> ListBackup(const std::string& backup_dir);

// Copies, compares checksums, recovers the store and raises its epoch floor, all in a folder inside `data_dir`; then
// moves the files into place, last the one that makes them a store. If interrupted at any moment, it leaves either a
// complete store or none, and may be run again. Blocks for as long as it takes.
//   NotFound            BACKUP_NOT_FOUND.
//   DataLoss            a file of the point is missing or damaged.
//   FailedPrecondition  `data_dir` is not empty, or in use; or no epochs are left; or the floor cannot be recorded in
//                       the backup.
//   Unavailable         a file could not be read or written.
absl::StatusOr<RestoreReport> Restore(const RestoreOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_RESTORE_H_
