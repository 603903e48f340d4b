#include "tests/support/fault_file_system.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/clock.h"

namespace playhead::testing {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class FaultRandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile> target, FaultFileSystem* files, std::string name)
      : FSRandomAccessFileOwnerWrapper(std::move(target)), files_(files), name_(std::move(name)) {}

  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) const override {
    if (IOStatus fault = files_->NextFault(FaultFileSystem::Operation::kRead, name_); !fault.ok()) return fault;
    if (IOStatus broken = files_->CheckSectors(name_, offset, bytes); !broken.ok()) return broken;
    return FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, debug);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    for (size_t i = 0; i < count; ++i) {
      rocksdb::FSReadRequest& request = requests[i];
      request.status = Read(request.offset, request.len, options, &request.result, request.scratch, debug);
    }
    return IOStatus::OK();
  }

 private:
  FaultFileSystem* const files_;
  const std::string name_;
};

class FaultWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultWritableFile(std::unique_ptr<rocksdb::FSWritableFile> target, FaultFileSystem* files, std::string name,
                    std::shared_ptr<FaultFileSystem::FileState> state)
      : FSWritableFileOwnerWrapper(std::move(target)),
        files_(files),
        name_(std::move(name)),
        state_(std::move(state)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus off = files_->CheckPower(); !off.ok()) return off;
    const IOStatus fault = files_->NextFault(FaultFileSystem::Operation::kWrite, name_);
    const rocksdb::Slice part(data.data(), fault.ok() ? data.size() : data.size() / 2);
    IOStatus status = FSWritableFileOwnerWrapper::Append(part, options, debug);
    if (status.ok()) files_->NoteWritten(state_, part.size());
    return fault.ok() ? status : fault;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus off = files_->CheckPower(); !off.ok()) return off;
    files_->NoteTruncated(state_, size);
    return FSWritableFileOwnerWrapper::Truncate(size, options, debug);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = FSWritableFileOwnerWrapper::Close(options, debug);
    const IOStatus off = files_->CheckPower();
    return off.ok() ? status : off;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    if (IOStatus off = files_->CheckPower(); !off.ok()) return off;
    if (IOStatus fault = files_->NextFault(FaultFileSystem::Operation::kSync, name_); !fault.ok()) return fault;
    files_->AwaitSyncMay(name_);
    const uint64_t bytes = files_->written(state_);
    IOStatus status = Flush(options, debug);
    if (status.ok()) files_->NoteSynced(name_, state_, bytes);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  FaultFileSystem* const files_;
  const std::string name_;
  const std::shared_ptr<FaultFileSystem::FileState> state_;
};

class FaultDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(std::unique_ptr<rocksdb::FSDirectory> target, FaultFileSystem* files, std::string name)
      : FSDirectoryWrapper(std::move(target)), files_(files), name_(std::move(name)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (IOStatus off = files_->CheckPower(); !off.ok()) return off;
    files_->NoteDirectorySynced(name_);
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  FaultFileSystem* const files_;
  const std::string name_;
};

void FaultFileSystem::FailOnce(Operation operation, std::string suffix, int skip, IOStatus status) {
  absl::MutexLock lock(&mu_);
  fault_ = Fault{operation, std::move(suffix), skip, std::move(status), /*lasting=*/false};
}

void FaultFileSystem::FailFrom(Operation operation, std::string suffix, int skip, IOStatus status) {
  absl::MutexLock lock(&mu_);
  fault_ = Fault{operation, std::move(suffix), skip, std::move(status), /*lasting=*/true};
}

void FaultFileSystem::FailChange(uint64_t skip, IOStatus status) {
  absl::MutexLock lock(&mu_);
  change_fault_.emplace(skip, std::move(status));
}

void FaultFileSystem::BreakSector(std::string suffix, uint64_t offset) {
  absl::MutexLock lock(&mu_);
  broken_sector_.emplace(std::move(suffix), offset);
}

void FaultFileSystem::SlowDown(uint64_t every, absl::Duration delay) {
  absl::MutexLock lock(&mu_);
  slowness_ = Slowness{.every = every, .delay = delay};
}

void FaultFileSystem::Heal() {
  absl::MutexLock lock(&mu_);
  fault_.reset();
  change_fault_.reset();
  broken_sector_.reset();
  slowness_.reset();
  changes_left_.reset();
}

bool FaultFileSystem::fault_pending() const {
  absl::MutexLock lock(&mu_);
  return fault_.has_value() || change_fault_.has_value();
}

void FaultFileSystem::HoldLogSyncs() {
  absl::MutexLock lock(&mu_);
  log_syncs_held_ = true;
}

void FaultFileSystem::ReleaseLogSyncs() {
  absl::MutexLock lock(&mu_);
  log_syncs_held_ = false;
}

uint64_t FaultFileSystem::log_sync_bytes_max() const {
  absl::MutexLock lock(&mu_);
  return log_sync_bytes_max_;
}

IOStatus FaultFileSystem::CheckSectors(absl::string_view name, uint64_t offset, size_t bytes) const {
  absl::MutexLock lock(&mu_);
  if (!broken_sector_ || !absl::EndsWith(name, broken_sector_->first)) return IOStatus::OK();
  const uint64_t broken = broken_sector_->second;
  const bool takes_it = offset <= broken && broken - offset < bytes;
  return takes_it ? IOStatus::IOError("a sector cannot be read") : IOStatus::OK();
}

void FaultFileSystem::AwaitSyncMay(absl::string_view name) {
  if (!absl::EndsWith(name, ".log")) return;
  absl::MutexLock lock(&mu_);
  ++log_syncs_waiting_;
  const auto may = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !log_syncs_held_; };
  mu_.Await(absl::Condition(&may));
  --log_syncs_waiting_;
}

void FaultFileSystem::AwaitHeldLogSync() const {
  absl::MutexLock lock(&mu_);
  const auto waits = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return log_syncs_waiting_ > 0; };
  mu_.Await(absl::Condition(&waits));
}

void FaultFileSystem::CutPower() {
  absl::MutexLock lock(&mu_);
  powered_ = false;
}

void FaultFileSystem::CutPowerAfter(uint64_t changes) {
  absl::MutexLock lock(&mu_);
  changes_left_ = changes;
}

void FaultFileSystem::LieAboutLogSyncs() {
  absl::MutexLock lock(&mu_);
  log_syncs_lie_ = true;
}

void FaultFileSystem::RestorePower(Random& random) {
  absl::MutexLock lock(&mu_);
  changes_left_.reset();
  for (const auto& [name, state] : files_) LoseUnsynced(name, *state, random);
  files_.clear();  // What is left of them is on disk for good.
  for (const std::string& name : deleted_empty_) {
    if (random.OneIn(2)) std::ofstream(name, std::ios::app);
  }
  deleted_empty_.clear();
  fault_.reset();
  change_fault_.reset();
  powered_ = true;
}

void FaultFileSystem::LoseUnsynced(const std::string& name, const FileState& state, Random& random) {
  std::error_code error;
  if (!state.linked && random.OneIn(2)) {
    std::filesystem::remove(name, error);
    return;
  }
  if (state.written == state.synced) return;
  const uint64_t lost = state.written - state.synced;
  const uint64_t kept = state.synced + (random.OneIn(3) ? 0 : random.OneIn(2) ? lost : random.Below(lost + 1));
  std::filesystem::resize_file(name, kept, error);
  if (error) {
    std::fprintf(stderr, "%s: %s\n", name.c_str(), error.message().c_str());
    std::abort();
  }
  // A log's space is reserved before it is written, so that what did not reach the disk reads as zeros.
  if (kept == state.synced || !absl::EndsWith(name, ".log") || random.OneIn(2)) return;
  const uint64_t begin = state.synced + random.Below(kept - state.synced);
  const std::string zeros(1 + random.Below(std::min<uint64_t>(kept - begin, 4096)), '\0');
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(begin));
  file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
}

void FaultFileSystem::set_free_bytes(std::optional<uint64_t> bytes) {
  absl::MutexLock lock(&mu_);
  free_bytes_ = bytes;
}

IOStatus FaultFileSystem::CheckPower() {
  absl::SleepFor(NextDelay());
  absl::MutexLock lock(&mu_);
  if (changes_left_ && (*changes_left_)-- == 0) {
    powered_ = false;
    changes_left_.reset();
  }
  if (!powered_) return IOStatus::IOError("the power is off");
  if (!change_fault_ || change_fault_->first-- > 0) return IOStatus::OK();
  IOStatus fault = std::move(change_fault_->second);
  change_fault_.reset();
  return fault;
}

absl::Duration FaultFileSystem::NextDelay() {
  absl::MutexLock lock(&mu_);
  const bool slow = slowness_ && ++slowness_->changes % slowness_->every == 0;
  return slow ? slowness_->delay : absl::ZeroDuration();
}

IOStatus FaultFileSystem::NextFault(Operation operation, absl::string_view name) {
  absl::MutexLock lock(&mu_);
  if (!fault_ || fault_->operation != operation || !absl::EndsWith(name, fault_->suffix)) return IOStatus::OK();
  if (fault_->skip-- > 0) return IOStatus::OK();
  IOStatus status = fault_->status;
  if (!fault_->lasting) fault_.reset();
  return status;
}

void FaultFileSystem::NoteWritten(const std::shared_ptr<FileState>& state, uint64_t bytes) {
  absl::MutexLock lock(&mu_);
  state->written += bytes;
}

void FaultFileSystem::NoteSynced(absl::string_view name, const std::shared_ptr<FileState>& state, uint64_t bytes) {
  absl::MutexLock lock(&mu_);
  const bool is_log = absl::EndsWith(name, ".log");
  if (log_syncs_lie_ && is_log) return;
  if (is_log && bytes > state->synced) log_sync_bytes_max_ = std::max(log_sync_bytes_max_, bytes - state->synced);
  if (powered_) state->synced = std::max(state->synced, bytes);
}

void FaultFileSystem::NoteTruncated(const std::shared_ptr<FileState>& state, uint64_t bytes) {
  absl::MutexLock lock(&mu_);
  state->written = bytes;
  state->synced = std::min(state->synced, bytes);
}

uint64_t FaultFileSystem::written(const std::shared_ptr<FileState>& state) const {
  absl::MutexLock lock(&mu_);
  return state->written;
}

void FaultFileSystem::NoteDirectorySynced(const std::string& directory) {
  absl::MutexLock lock(&mu_);
  SettleEntries(directory);
}

void FaultFileSystem::SettleEntries(const std::filesystem::path& directory) {
  // Whether its name ends in a slash or not.
  const auto is_in = [folder = (directory / "any").parent_path()](const std::string& name) {
    return std::filesystem::path(name).parent_path() == folder;
  };
  for (const auto& [name, state] : files_) {
    if (is_in(name)) state->linked = true;
  }
  std::erase_if(deleted_empty_, is_in);
}

IOStatus FaultFileSystem::FileExists(const std::string& name, const rocksdb::IOOptions& options,
                                     IODebugContext* debug) {
  if (IOStatus fault = NextFault(Operation::kOpen, name); !fault.ok()) return fault;
  return FileSystemWrapper::FileExists(name, options, debug);
}

IOStatus FaultFileSystem::NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext* debug) {
  if (IOStatus fault = NextFault(Operation::kOpen, name); !fault.ok()) return fault;
  return FileSystemWrapper::NewSequentialFile(name, options, file, debug);
}

IOStatus FaultFileSystem::NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                              IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSRandomAccessFile> target;
  IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, &target, debug);
  if (status.ok()) *file = std::make_unique<FaultRandomAccessFile>(std::move(target), this, name);
  return status;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus off = CheckPower(); !off.ok()) return off;
  std::unique_ptr<rocksdb::FSWritableFile> target;
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &target, debug);
  if (!status.ok()) return status;
  auto state = std::make_shared<FileState>();
  {
    absl::MutexLock lock(&mu_);
    files_[name] = state;
    deleted_empty_.erase(name);
  }
  *file = std::make_unique<FaultWritableFile>(std::move(target), this, name, std::move(state));
  return status;
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (IOStatus off = CheckPower(); !off.ok()) return off;
  uint64_t size = 0;
  const bool existed = FileSystemWrapper::GetFileSize(name, IOOptions(), &size, debug).ok();
  std::unique_ptr<rocksdb::FSWritableFile> target;
  IOStatus status = FileSystemWrapper::ReopenWritableFile(name, options, &target, debug);
  if (!status.ok()) return status;
  std::shared_ptr<FileState> state;
  {
    absl::MutexLock lock(&mu_);
    auto& known = files_[name];
    if (known == nullptr) known = std::make_shared<FileState>(FileState{size, size, existed});
    state = known;
  }
  *file = std::make_unique<FaultWritableFile>(std::move(target), this, name, std::move(state));
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> target;
  IOStatus status = FileSystemWrapper::NewDirectory(name, options, &target, debug);
  if (status.ok()) *directory = std::make_unique<FaultDirectory>(std::move(target), this, name);
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (IOStatus off = CheckPower(); !off.ok()) return off;
  uint64_t size = 0;
  const bool is_empty = FileSystemWrapper::GetFileSize(name, options, &size, debug).ok() && size == 0;
  IOStatus status = FileSystemWrapper::DeleteFile(name, options, debug);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(name);
  // One that was never linked cannot come back.
  if (is_empty && (found == files_.end() || found->second->linked)) deleted_empty_.insert(name);
  files_.erase(name);
  return status;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                     IODebugContext* debug) {
  if (IOStatus off = CheckPower(); !off.ok()) return off;
  IOStatus status = FileSystemWrapper::RenameFile(from, to, options, debug);
  absl::MutexLock lock(&mu_);
  const auto found = files_.find(from);
  if (!status.ok() || found == files_.end()) return status;
  // A folder's changes reach the disk in order: with a rename, what was made or deleted before it is so, too.
  SettleEntries(std::filesystem::path(to).parent_path());
  files_[to] = found->second;
  files_.erase(from);
  return status;
}

IOStatus FaultFileSystem::GetFreeSpace(const std::string& path, const IOOptions& options, uint64_t* free,
                                       IODebugContext* debug) {
  {
    absl::MutexLock lock(&mu_);
    if (free_bytes_) {
      *free = *free_bytes_;
      return IOStatus::OK();
    }
  }
  return FileSystemWrapper::GetFreeSpace(path, options, free, debug);
}

}  // namespace playhead::testing
