// Runs backups and verifications of an open log: each kind on its own thread, one at a time.
#ifndef PLAYHEAD_STORAGE_ENGINE_LONG_JOBS_H_
#define PLAYHEAD_STORAGE_ENGINE_LONG_JOBS_H_

#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/callback.h"
#include "storage/commit/current_store.h"
#include "storage/executor.h"
#include "storage/options.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

// Runs one kind of job, one at a time. Thread safety: all methods.
class JobSlot {
 public:
  // Runs `job` on the slot's thread, with OK as `refusal`. If another job is running, or the log is closing, runs `job`
  // inside the call instead, with the reason as `refusal`.
  using Job = absl::AnyInvocable<void(absl::Status refusal) &&>;
  void Start(std::shared_ptr<JobControl> control, Job job) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends the job. Returns `status`, unless the job was cut off; then returns a retryable error.
  absl::Status End(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);

  void CutOff() ABSL_LOCKS_EXCLUDED(mu_);
  void Stop() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  std::shared_ptr<JobControl> running_ ABSL_GUARDED_BY(mu_);
  bool cut_off_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Executor executor_{1};
};

// Thread safety: all methods.   Ownership: borrows `store`.
class LongJobs {
 public:
  LongJobs(const StoreOptions& options, const CurrentStore& store) : options_(options), store_(store) {}
  ~LongJobs() { Stop(); }

  // As EventLog::Backup.
  void Backup(BackupOptions options, std::shared_ptr<JobControl> control,
              std::function<void(const BackupProgress&)> progress, Callback<BackupReport> done);

  // As VerifyRocksDbEventLog.
  void Verify(VerifyOptions options, std::shared_ptr<JobControl> control, VerifyListener listener,
              Callback<VerifyProgress> done);

  // Cancels the running jobs, so that the store can be closed. New ones may begin at once.
  void CutOff() {
    backups_.CutOff();
    verifications_.CutOff();
  }
  // Cancels the running jobs, waits for them, and refuses new ones.
  void Stop() {
    backups_.Stop();
    verifications_.Stop();
  }

 private:
  const StoreOptions options_;
  const CurrentStore& store_;
  JobSlot backups_;
  JobSlot verifications_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ENGINE_LONG_JOBS_H_
