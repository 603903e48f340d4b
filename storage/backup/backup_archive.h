// A backup: a folder with restorable points of one store. Files that points have in common are stored once.
//
// RocksDB's BackupEngine maintains it (docs/decisions/0004-backups.md): files that never change are shared by points
// and copied once; each point adds its manifest, its end of the write-ahead log, and a list of all its files with their
// checksums. A point exists once that list does, so an interrupted copy is not a point, and the next backup removes it.
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

// Adds a point to the backup in `options.dir` and removes the oldest points beyond `options.keep`. The point contains
// everything that was acknowledged before the call; later commits are in it as a whole or not at all. Blocks for as
// long as it takes, so call it on a dedicated thread. `progress` runs on threads of the backup.
//   PermissionDenied    BACKUP_DIR_REFUSED: the folder contains something else, or the backup of another store; or its
//                       parent does not exist.
//   ResourceExhausted   JOB_RUNNING: another job is writing to it. DISK_LOW: not enough space is free for the new
//                       files.
//   Cancelled           `control` canceled it. There is no new point.
//   Unavailable         a file could not be read or written.
//   DataLoss            DATA_LOSS: two points' lists of files contradict each other, so one of them is damaged.
absl::StatusOr<BackupReport> MakeBackup(const std::shared_ptr<Store>& store, const StoreOptions& store_options,
                                        const BackupOptions& options, const JobControl& control,
                                        const std::function<void(const BackupProgress&)>& progress);

// The points of a backup, as of the time it was opened. Not thread-safe.
class BackupReader {
 public:
  //   NotFound  BACKUP_NOT_FOUND: there is no backup in `dir`.
  //   DataLoss  DATA_LOSS: as MakeBackup.
  static absl::StatusOr<std::unique_ptr<BackupReader>> Open(rocksdb::Env& env, const std::string& dir);

  // The points that can be restored, judged by file sizes; oldest first.
  const std::vector<BackupPoint>& points() const { return points_; }
  // The points that cannot, or whose format this build does not know; increasing.
  const std::vector<uint32_t>& broken_points() const { return broken_points_; }
  // 0 is the newest.   NotFound  BACKUP_NOT_FOUND, with what there is.   DataLoss  it is a broken one.
  absl::StatusOr<BackupPoint> Find(uint32_t number) const;

  // Copies the point's files into the folder `dir` and compares their checksums.
  //   DataLoss  a file is missing or damaged.
  absl::Status Extract(const BackupPoint& point, const std::string& dir) const;

  // How to open a point for reading in place. The environment lives as long as this reader.
  struct Openable {
    rocksdb::Env* env;
    std::string dir;
  };
  absl::StatusOr<Openable> Open(const BackupPoint& point) const;

 private:
  BackupReader() = default;

  std::unique_ptr<rocksdb::BackupEngineReadOnly> engine_;
  std::vector<BackupPoint> points_;
  std::vector<uint32_t> broken_points_;              // A file is missing or truncated, or the list is damaged.
  mutable std::vector<rocksdb::BackupInfo> opened_;  // Keep the environments alive.
};

// The highest epoch floor of any restore from this backup; 0 if there was none.
absl::StatusOr<uint32_t> RestoredFloor(rocksdb::Env& env, const std::string& backup_dir);
// Synced when this returns.
absl::Status NoteRestoredFloor(rocksdb::Env& env, const std::string& backup_dir, uint32_t floor);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_BACKUP_ARCHIVE_H_
