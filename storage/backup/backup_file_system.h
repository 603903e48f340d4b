// The file system that a backup writes through: counts the written bytes, and syncs them to the disk a piece at a time.
//
// BackupEngine itself syncs a file only when it is complete. Files have tens of MiB, and a sync of that much at once
// delays the syncs of commits (docs/decisions/0004-backups.md).
#ifndef PLAYHEAD_STORAGE_BACKUP_BACKUP_FILE_SYSTEM_H_
#define PLAYHEAD_STORAGE_BACKUP_BACKUP_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace playhead::storage {

// Thread safety: all methods. Outlives its files.
class BackupFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit BackupFileSystem(std::shared_ptr<rocksdb::FileSystem> target) : FileSystemWrapper(std::move(target)) {}
  const char* Name() const override { return "playhead.BackupFileSystem"; }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  // By the file's time: the distribution's build of RocksDB asserts that the system's call for this fails only in ways
  // that it knows, and that of a network's folder may fail in others.
  rocksdb::IOStatus FileExists(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  uint64_t written_bytes() const { return written_bytes_.load(std::memory_order_relaxed); }

 private:
  friend class BackupWritableFile;
  std::atomic<uint64_t> written_bytes_{0};
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_BACKUP_FILE_SYSTEM_H_
