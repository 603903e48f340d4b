// The real file system, with power cuts and faults on demand, for tests of what a store survives.
//
// A power cut loses, in whole or in part, what was written to a file since its last sync, and files whose folder was
// not synced since they were created. Deletions of empty files may be undone. Syncs are recorded but not passed on to
// the disk, so that tests run fast. Not simulated: undoing renames, and undoing deletions of files that are not empty.
#ifndef PLAYHEAD_TESTS_SUPPORT_FAULT_FILE_SYSTEM_H_
#define PLAYHEAD_TESTS_SUPPORT_FAULT_FILE_SYSTEM_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tests/support/seed.h"

namespace playhead::testing {

// Thread safety: all methods may be called from any thread. Must outlive the users of its files.
class FaultFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // kOpen: opening for sequential reads, or checking existence. kRead: random-access reads, as of table files.
  enum class Operation { kOpen, kRead, kWrite, kSync };

  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "playhead.FaultFileSystem"; }

  // Fails one operation on a file whose name ends in `suffix`, after `skip` that succeed. A failed write has written
  // half of its bytes. At most one such fault is pending; this replaces it.
  void FailOnce(Operation operation, std::string suffix, int skip, rocksdb::IOStatus status) ABSL_LOCKS_EXCLUDED(mu_);
  // As FailOnce, but fails every such operation from then on, until Heal().
  void FailFrom(Operation operation, std::string suffix, int skip, rocksdb::IOStatus status) ABSL_LOCKS_EXCLUDED(mu_);
  // Fails one change of any kind (creating, writing, syncing, truncating, closing, renaming or deleting a file, or
  // syncing a folder), after `skip` that succeed. Independent of the fault above.
  void FailChange(uint64_t skip, rocksdb::IOStatus status) ABSL_LOCKS_EXCLUDED(mu_);
  // Fails random-access reads that include this byte of a file whose name ends in `suffix`, until Heal(). Independent
  // of the faults above.
  void BreakSector(std::string suffix, uint64_t offset) ABSL_LOCKS_EXCLUDED(mu_);
  // Delays one in `every` changes by `delay`, until Heal().
  void SlowDown(uint64_t every, absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);
  // Cancels all faults, planned and lasting. Power that was cut stays off.
  void Heal() ABSL_LOCKS_EXCLUDED(mu_);
  // Whether a fault is planned or lasting.
  bool fault_pending() const ABSL_LOCKS_EXCLUDED(mu_);

  // Makes syncs of logs wait until ReleaseLogSyncs().
  void HoldLogSyncs() ABSL_LOCKS_EXCLUDED(mu_);
  void ReleaseLogSyncs() ABSL_LOCKS_EXCLUDED(mu_);
  // Blocks until a sync of a log waits.
  void AwaitHeldLogSync() const ABSL_LOCKS_EXCLUDED(mu_);
  // The most bytes that one sync of a log has made durable so far.
  uint64_t log_sync_bytes_max() const ABSL_LOCKS_EXCLUDED(mu_);

  // From now on every change fails and has no effect.
  void CutPower() ABSL_LOCKS_EXCLUDED(mu_);
  // As CutPower, after this many further changes.
  void CutPowerAfter(uint64_t changes) ABSL_LOCKS_EXCLUDED(mu_);
  // Makes syncs of logs report success without making anything durable.
  void LieAboutLogSyncs() ABSL_LOCKS_EXCLUDED(mu_);
  // Turns the power on again. Loses unsynced data, how much of it being drawn from `random`. REQUIRES: no file is open.
  void RestorePower(Random& random) ABSL_LOCKS_EXCLUDED(mu_);

  // The free space that the disk reports; if unset, the real one.
  void set_free_bytes(std::optional<uint64_t> bytes) ABSL_LOCKS_EXCLUDED(mu_);

  rocksdb::IOStatus FileExists(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, uint64_t* free,
                                 rocksdb::IODebugContext* debug) override;

 private:
  friend class FaultRandomAccessFile;
  friend class FaultWritableFile;
  friend class FaultDirectory;

  struct FileState {
    uint64_t written = 0;
    uint64_t synced = 0;
    bool linked = false;  // Its folder was synced after it was created.
  };
  struct Fault {
    Operation operation;
    std::string suffix;
    int skip;
    rocksdb::IOStatus status;
    bool lasting;
  };
  struct Slowness {
    uint64_t every = 1;
    uint64_t changes = 0;
    absl::Duration delay;
  };

  // Called before every change. Returns the error that the change is to fail with, if any; waits as long as a slow
  // disk.
  rocksdb::IOStatus CheckPower() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Duration NextDelay() ABSL_LOCKS_EXCLUDED(mu_);
  // The error that `operation` on `name` is to fail with, if any.
  rocksdb::IOStatus NextFault(Operation operation, absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);
  // An error if these bytes of `name` include the broken sector.
  rocksdb::IOStatus CheckSectors(absl::string_view name, uint64_t offset, size_t bytes) const ABSL_LOCKS_EXCLUDED(mu_);
  void AwaitSyncMay(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteWritten(const std::shared_ptr<FileState>& state, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  void NoteSynced(absl::string_view name, const std::shared_ptr<FileState>& state, uint64_t bytes)
      ABSL_LOCKS_EXCLUDED(mu_);
  void NoteTruncated(const std::shared_ptr<FileState>& state, uint64_t bytes) ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t written(const std::shared_ptr<FileState>& state) const ABSL_LOCKS_EXCLUDED(mu_);
  void NoteDirectorySynced(const std::string& directory) ABSL_LOCKS_EXCLUDED(mu_);
  // Makes all creations and deletions in the folder so far durable.
  void SettleEntries(const std::filesystem::path& directory) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void LoseUnsynced(const std::string& name, const FileState& state, Random& random);

  mutable absl::Mutex mu_;
  bool powered_ ABSL_GUARDED_BY(mu_) = true;
  std::optional<uint64_t> changes_left_ ABSL_GUARDED_BY(mu_);  // Before the power is cut.
  bool log_syncs_lie_ ABSL_GUARDED_BY(mu_) = false;
  bool log_syncs_held_ ABSL_GUARDED_BY(mu_) = false;
  int log_syncs_waiting_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t log_sync_bytes_max_ ABSL_GUARDED_BY(mu_) = 0;
  std::optional<Fault> fault_ ABSL_GUARDED_BY(mu_);
  std::optional<std::pair<uint64_t, rocksdb::IOStatus>> change_fault_ ABSL_GUARDED_BY(mu_);  // After so many changes.
  std::optional<std::pair<std::string, uint64_t>> broken_sector_ ABSL_GUARDED_BY(mu_);
  std::optional<Slowness> slowness_ ABSL_GUARDED_BY(mu_);
  std::optional<uint64_t> free_bytes_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::shared_ptr<FileState>> files_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> deleted_empty_ ABSL_GUARDED_BY(mu_);  // While their folder was not synced.
};

// The file system, and an Env that uses it, for StoreOptions::env.
struct FaultEnv {
  std::shared_ptr<FaultFileSystem> files = std::make_shared<FaultFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_FAULT_FILE_SYSTEM_H_
