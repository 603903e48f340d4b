// The store's housekeeping, on threads of its own: new slices, merges, erasures, reclaiming the space of trimmed
// events, forgetting identities, reloading logs that could not be read, and the periodic sync of a weaker durability.
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

// Thread safety: all methods. No task is lost if it fails: it is tried again later, or at the next start.
class Maintenance {
 public:
  // `store` returns the open store, or nullptr while it is being reopened. `submit` hands a command to the committer.
  // `stats` is updated every second with the size of the write-ahead log and write stalls; `instances` are those in
  // memory. Both must outlive this.
  Maintenance(const StoreOptions& options, std::function<std::shared_ptr<Store>()> store,
              std::function<void(Committer::Command)> submit, StatsRecorder* stats, InstanceTable* instances);
  ~Maintenance() { Stop(); }

  // Cuts off the running tasks and drops the queued ones, for good; both are resumed at the next start.
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);
  // CutOff cuts off the running tasks, so that the store can be closed; GoOn resumes them when the store is open again.
  void CutOff() { canceled_ = true; }
  void GoOn() ABSL_LOCKS_EXCLUDED(mu_);

  // Creates the next slice, makes the committer use it, and merges the full one.
  void RollSlice();
  // Merges full slices that were not merged yet. Called at every start.
  void MergeFullSlices();
  // Removes the bytes of all instances that are deleted by then, in one pass. Called at every start, too.
  void EraseDeleted();
  // Rewrites the files of the broker's rows after a while, if writes have asked for that. Called at every start, too.
  void PurgeRows();
  // Notes that events were trimmed, so that a round reclaims their space. It begins within a second, or once the time
  // since the previous round equals that round's duration, and takes about a tenth of a thread. A round is also made
  // after every start.
  void NoteTrim() { trimmed_ = true; }
  // Carries out the waiting erasures of events. Called at every start, too.
  void EraseEvents();
  // Loads the instances that could not be loaded when the store was opened again.
  void ReloadInstances();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // How soon a failed task is run again: at the next tick, then after twice the delay each time, up to a minute.
  static constexpr std::chrono::seconds kRetryDelay{1};
  static constexpr std::chrono::seconds kRetryDelayMax{60};
  // The same for a task that met damage, which does not go away: the task may have rewritten much before it met it.
  static constexpr std::chrono::seconds kRetryDelayOfDamage{3600};
  static constexpr SteadyTime kNever = SteadyTime::max();

  struct Task {
    absl::string_view name;
    absl::Status (Maintenance::*run)(Store&);
    std::chrono::seconds retry_delay = kRetryDelay;
    std::chrono::seconds retry_delay_of_damage = kRetryDelayOfDamage;
    Executor* on = nullptr;  // tasks_ if not set.
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
  absl::Status CompactIdentities(Store& store);
  absl::Status Reclaim(Store& store) ABSL_LOCKS_EXCLUDED(mu_);
  void BeginReclaim();
  void Tick() ABSL_LOCKS_EXCLUDED(mu_);
  // Waits until Stop() is called, at most for `timeout`. Returns whether it was called.
  bool AwaitStop(absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetIdentities(Store& store);
  // Runs a command and waits until it has ended. Never on the committer's threads.
  absl::Status RunCommand(absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&> build);

  const StoreOptions options_;
  const std::function<std::shared_ptr<Store>()> store_;
  const std::function<void(Committer::Command)> submit_;
  StatsRecorder* const stats_;
  InstanceTable* const instances_;
  absl::Mutex mu_;      // Guards the members below it.
  SteadyCondVar stop_;  // Signaled when `stopping_` is set.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<FailedTask> failed_ ABSL_GUARDED_BY(mu_);  // To be tried again; each task is in it at most once.
  std::atomic<bool> canceled_{false};                    // Read by RocksDB.
  std::atomic<bool> compacting_identities_{false};
  // When data that the broker's rows held is to leave the files; kNever: there is none.
  std::atomic<SteadyTime> purge_records_at_{kNever};
  std::atomic<bool> erasure_posted_{false};  // Posted and not begun; also true while it waits in `failed_`.
  std::atomic<bool> trimmed_{true};          // Since the last round of reclaiming began.
  std::atomic<bool> reclaiming_{false};      // A round is running; also true while it waits in `failed_`.
  Reclaimer reclaimer_;                      // Used by the thread of tasks_ only.
  SteadyTime round_began_;                   // Accessed like next_round_.
  SteadyTime next_round_;                    // Accessed by the ticker while `reclaiming_` is false, else by the thread
                                             // of tasks_.
  double dedup_share_ = 1;                   // Accessed by the ticker only: the share of their windows for which
                                             // identities are remembered.
  Executor tasks_{1};
  Executor reloads_{1};  // For tasks that cannot wait for those.
  std::thread ticker_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_HOUSEKEEPING_MAINTENANCE_H_
