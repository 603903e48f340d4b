#include "storage/backup/backup_file_system.h"

#include <utility>

namespace playhead::storage {
namespace {

// How many bytes may wait to be written to the disk.
constexpr uint64_t kDirtyBytesMax = uint64_t{1} << 20;

}  // namespace

class BackupWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  BackupWritableFile(std::unique_ptr<rocksdb::FSWritableFile> file, BackupFileSystem& system)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (!status.ok()) return status;
    written_ += data.size();
    system_.written_bytes_.fetch_add(data.size(), std::memory_order_relaxed);
    if (written_ - synced_ < kDirtyBytesMax) return status;
    status = RangeSync(synced_, written_ - synced_, options, debug);
    synced_ = written_;
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&, rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }

 private:
  BackupFileSystem& system_;
  uint64_t written_ = 0;
  uint64_t synced_ = 0;
};

rocksdb::IOStatus BackupFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                    rocksdb::IODebugContext* debug) {
  rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<BackupWritableFile>(std::move(*file), *this);
  return status;
}

rocksdb::IOStatus BackupFileSystem::FileExists(const std::string& name, const rocksdb::IOOptions& options,
                                               rocksdb::IODebugContext* debug) {
  uint64_t time = 0;
  rocksdb::IOStatus status = GetFileModificationTime(name, options, &time, debug);
  return status.IsPathNotFound() ? rocksdb::IOStatus::NotFound(name) : status;
}

}  // namespace playhead::storage
