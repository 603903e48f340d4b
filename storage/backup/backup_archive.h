// A backup: a folder that holds restorable points of one store. What two points have in common stands in it once.
//
// RocksDB's BackupEngine keeps it (docs/decisions/0004-backups.md): files that never change are shared by points and
// copied once; each point adds its manifest, its end of the write-ahead log and a list of all its files with their
// checksums. A point exists when that list does, so a copy that was cut off is none: the next one clears it away.
#ifndef PLAYHEAD_STORAGE_BACKUP_BACKUP_ARCHIVE_H_
#define PLAYHEAD_STORAGE_BACKUP_BACKUP_ARCHIVE_H_

#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/store/store.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

// Adds a point to the backup in `options.dir` and lets go of the oldest beyond `options.keep`. Everything that was
// acknowledged before the call is in it, and what is in it of later commits is whole. Blocks for as long as it takes;
// for a thread of its own. `progress` runs on threads of the backup.
//   PermissionDenied    BACKUP_DIR_REFUSED: the folder holds something else, or the backup of another store; or its
//                       parent does not exist.
//   ResourceExhausted   JOB_RUNNING: somebody else is writing to it. DISK_LOW: not enough is free for what is new.
//   Cancelled           `control` called it off. There is no new point.
//   Unavailable         a file could not be read or written.
absl::StatusOr<BackupReport> MakeBackup(const std::shared_ptr<Store>& store, const StoreOptions& store_options,
                                        const BackupOptions& options, const JobControl& control,
                                        const std::function<void(const BackupProgress&)>& progress);

// The points of a backup, as it was when it was opened. Not thread-safe.
class BackupReader {
 public:
  //   NotFound  BACKUP_NOT_FOUND: there is no backup in `dir`.
  static absl::StatusOr<std::unique_ptr<BackupReader>> Open(rocksdb::Env& env, const std::string& dir);

  // Those that can be restored, as far as sizes tell; oldest first.
  const std::vector<BackupPoint>& points() const { return points_; }
  // Those that cannot, or that this build does not know; rising.
  const std::vector<uint32_t>& broken_points() const { return broken_points_; }
  // 0 is the newest.   NotFound  BACKUP_NOT_FOUND, with what there is.   DataLoss  it is a broken one.
  absl::StatusOr<BackupPoint> Find(uint32_t number) const;

  // Copies the point's files into the folder `dir` and compares their checksums.
  //   DataLoss  a file is missing or damaged.
  absl::Status Extract(const BackupPoint& point, const std::string& dir) const;

  // Where a point can be opened for reading as it is. The environment lives as long as this reader.
  struct Openable {
    rocksdb::Env* env;
    std::string dir;
  };
  absl::StatusOr<Openable> Open(const BackupPoint& point) const;

 private:
  BackupReader() = default;

  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine_;
  std::vector<BackupPoint> points_;
  std::vector<uint32_t> broken_points_;              // Of which a file is missing or cut, or the list is damaged.
  mutable std::vector<rocksdb::BackupInfo> opened_;  // Hold the environments.
};

// The highest epoch floor that a restore from this backup was given; 0 if there was none.
absl::StatusOr<uint32_t> RestoredFloor(rocksdb::Env& env, const std::string& backup_dir);
// Synced when this returns.
absl::Status NoteRestoredFloor(rocksdb::Env& env, const std::string& backup_dir, uint32_t floor);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_BACKUP_ARCHIVE_H_
