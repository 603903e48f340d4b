// The store's housekeeping, on threads of its own: new slices, merges, erasures, space of trimmed events, forgetting
// identities, logs that could not be read for a while, and the periodic sync of a weaker durability.
#ifndef PLAYHEAD_STORAGE_HOUSEKEEPING_MAINTENANCE_H_
#define PLAYHEAD_STORAGE_HOUSEKEEPING_MAINTENANCE_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/commit/committer.h"
#include "storage/executor.h"
#include "storage/housekeeping/reclaimer.h"
#include "storage/instances/instance_table.h"
#include "storage/options.h"
#include "storage/stats_recorder.h"
#include "storage/steady_cond_var.h"
#include "storage/store/store.h"

namespace playhead::storage {

// Thread safety: all methods. Nothing here is lost for good if it fails: it is tried again later, or at the next start.
class Maintenance {
 public:
  // `store` gives the open store, or nullptr while it is being reopened. `submit` hands a command to the committer.
  // `stats` hears every second of the write-ahead log and of stalls; `instances` are those in memory. Both must outlive
  // this.
  Maintenance(const StoreOptions& options, std::function<std::shared_ptr<Store>()> store,
              std::function<void(Committer::Command)> submit, StatsRecorder* stats, InstanceTable* instances);
  ~Maintenance() { Stop(); }

  // Cuts off what is running and drops what is queued, for good; both are taken up at the next start.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);
  // Cuts off what is running, so that the store can be closed; and takes it up again when the store is open.
  void CutOff() { canceled_ = true; }
  void GoOn() ABSL_LOCKS_EXCLUDED(mu_);

  // Makes the next slice, has the committer use it, and merges the full one.
  void RollSlice();
  // Merges full slices that were not merged yet. Called at every start.
  void MergeFullSlices();
  // Removes the bytes of deleted instances, as many as there are by then in one pass. Called at every start, too.
  void EraseDeleted();
  // Events were trimmed: their space is worth looking for. It begins within a second, or when the round before it is as
  // long ago as it took, and takes about a tenth of a thread. A round is made after every start, too.
  void NoteTrim() { trimmed_ = true; }
  // Carries out the erasures of events that wait. Called at every start, too.
  void EraseEvents();
  // Loads the instances that could not be loaded when the store was opened again.
  void ReloadInstances();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // How soon a task that failed is run again: the next tick, then twice as late each time, up to a minute.
  static constexpr std::chrono::seconds kRetryDelay{1};
  static constexpr std::chrono::seconds kRetryDelayMax{60};
  // The same of one that met damage, which stays: it may have rewritten much before it came there.
  static constexpr std::chrono::seconds kRetryDelayOfDamage{3600};
  static constexpr SteadyTime kNever = SteadyTime::max();

  struct Task {
    absl::string_view name;
    absl::Status (Maintenance::*run)(Store&);
    std::chrono::seconds retry_delay = kRetryDelay;
    std::chrono::seconds retry_delay_of_damage = kRetryDelayOfDamage;
    Executor* on = nullptr;  // tasks_ if it is not set.
  };
  struct FailedTask {
    Task task;
    SteadyTime due;
  };

  // Runs `task` with the open store, unless the log is closing; if it fails, again later.
  void Post(Task task) ABSL_LOCKS_EXCLUDED(mu_);
  void RetryFailed() ABSL_LOCKS_EXCLUDED(mu_);
  void SyncUnsynced(Store& store);
  absl::Status Roll(Store& store);
  absl::Status Merge(Store& store);
  absl::Status Erase(Store& store);
  absl::Status EraseFromLogs(Store& store);
  absl::Status Reload(Store& store);
  absl::Status PurgeRecordFiles(Store& store);
  void NoteRecordsToPurge();
  absl::Status CompactIdentities(Store& store);
  absl::Status Reclaim(Store& store) ABSL_LOCKS_EXCLUDED(mu_);
  void BeginReclaim();
  void Tick() ABSL_LOCKS_EXCLUDED(mu_);
  // Waits for the stop, but no longer than this. Whether it has come.
  bool AwaitStop(absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetIdentities(Store& store);
  // Runs a command and waits for its end. Never on the committer's threads.
  absl::Status RunCommand(absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&> build);

  const StoreOptions options_;
  const std::function<std::shared_ptr<Store>()> store_;
  const std::function<void(Committer::Command)> submit_;
  StatsRecorder* const stats_;
  InstanceTable* const instances_;
  absl::Mutex mu_;      // Guards the members below it.
  SteadyCondVar stop_;  // It is to stop.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<FailedTask> failed_ ABSL_GUARDED_BY(mu_);  // To be tried again; each at most once in it.
  std::atomic<bool> canceled_{false};                    // For RocksDB to see.
  std::atomic<bool> compacting_identities_{false};
  // When what the broker kept of deleted instances is to leave the files; kNever: nothing is to.
  std::atomic<SteadyTime> purge_records_at_{kNever};
  std::atomic<bool> erasure_posted_{false};  // And not begun; also while it waits in `failed_`.
  std::atomic<bool> trimmed_{true};          // Since the last round of reclaiming began.
  std::atomic<bool> reclaiming_{false};      // A round is under way; also while it waits in `failed_`.
  Reclaimer reclaimer_;                      // The tasks' thread's.
  SteadyTime round_began_;                   // As next_round_.
  SteadyTime next_round_;                    // The ticker's while `reclaiming_` is false, else the same.
  double dedup_share_ = 1;                   // The ticker's: how much of their windows identities are remembered for.
  Executor tasks_{1};
  Executor reloads_{1};  // For what can wait for none of those.
  std::thread ticker_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_HOUSEKEEPING_MAINTENANCE_H_
