// Long jobs over a whole store, as EventLog::Backup and VerifyRocksDbEventLog (storage/engine/rocksdb_event_log.h) run
// them: their options and reports. storage/backup/restore.h and storage/verify/verifier.h use the same types offline.
#ifndef PLAYHEAD_STORAGE_STORE_JOBS_H_
#define PLAYHEAD_STORAGE_STORE_JOBS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/cursor.h"
#include "storage/steady_cond_var.h"
#include "storage/types.h"

namespace playhead::storage {

// Cancels a job: shared by the caller and the job. Thread safety: all methods.
class JobControl {
 public:
  void Cancel() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    canceled_ = true;
    changed_.SignalAll();
  }
  bool canceled() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return canceled_;
  }
  // Waits for `pause`, so that the job keeps to its rate. Returns false at once if the job is canceled.
  bool Sleep(absl::Duration pause) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return !changed_.AwaitWithTimeout(
        &mu_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return canceled_; }, pause);
  }

 private:
  mutable absl::Mutex mu_;
  mutable SteadyCondVar changed_;
  bool canceled_ ABSL_GUARDED_BY(mu_) = false;
};

// How many points a backup may keep.
inline constexpr uint32_t kBackupPointsMax = 1000;

struct BackupOptions {
  // The backup's folder, on the machine that runs the store. Created if absent; its parent must exist.
  std::string dir;
  // How many of the newest points are kept, including this one: 1 to kBackupPointsMax.
  uint32_t keep = 7;
  // The maximum rate of writing; 0 is no bound.
  uint64_t bytes_per_second = uint64_t{64} << 20;
};

// Bytes copied so far, and an estimate of the total.
struct BackupProgress {
  uint64_t copied_bytes = 0;
  uint64_t total_bytes = 0;
};

// A point of a backup: a moment that can be restored.
struct BackupPoint {
  uint32_t number = 0;  // From 1; never reused in a folder.
  Timestamp made_at;
  uint64_t bytes = 0;  // Of all its files, including those shared with other points.
  uint32_t files = 0;
  uint32_t epoch_floor = 0;  // The store's, at that moment.
};

struct BackupReport {
  BackupPoint point;
  uint64_t copied_bytes = 0;  // Bytes that were new.
  uint32_t points = 0;        // How many points the folder holds now.
};

struct VerifyOptions {
  // The maximum rate of reading; 0 is no bound.
  uint64_t bytes_per_second = uint64_t{64} << 20;
};

// What is wrong with a store, or with a backup.
enum class FindingKind {
  kFile,       // A file is missing or is not what was written.
  kWal,        // The write-ahead log is damaged in the middle.
  kCatalogue,  // Names, numbers, records and counts of instances do not agree.
  kDirectory,  // The directory does not say where the blocks of an instance are.
  kBlock,      // A block cannot be read, or is not intact.
  kHole,       // Events are missing between two that are there.
  kOrder,      // Times, counts or commits of blocks are out of order, or cursors have a wrong epoch.
  kHead,       // A log does not begin or end where its record says.
  kCommit,     // The record of a commit and the blocks do not agree.
  kIdentity,   // The identity of an append refers to events that do not exist.
  kOrphan,     // Blocks of an instance that does not exist.
};

// The name shown to users: "BLOCK", "HOLE".
absl::string_view FindingName(FindingKind kind);

struct Finding {
  FindingKind kind;
  std::string instance;  // Empty: none in particular.
  // The affected events, both inclusive; both Cursor() if none in particular. If the end of the range is unknown,
  // `last` is Cursor().
  Cursor first;
  Cursor last;
  std::string what;  // For people.
};

// Up to this many findings are reported one by one; more are only counted.
inline constexpr uint64_t kFindingsToldMax = 10'000;

struct VerifyProgress {
  uint64_t read_bytes = 0;
  uint64_t total_bytes = 0;  // An estimate.
  uint64_t instances = 0;    // Instances checked, with all their blocks.
  uint64_t blocks = 0;
  uint64_t events = 0;
  uint64_t commits = 0;
  uint64_t identities = 0;
  uint64_t findings = 0;
};

// Receives progress and findings of a verification, on the job's thread; must not block on a disk or on a network.
struct VerifyListener {
  std::function<void(const VerifyProgress&)> progress = [](const VerifyProgress&) {};
  std::function<void(const Finding&)> finding = [](const Finding&) {};
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_JOBS_H_
