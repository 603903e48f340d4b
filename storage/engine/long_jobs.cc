#include "storage/engine/long_jobs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/backup/backup_archive.h"
#include "storage/log.h"
#include "storage/verify/verifier.h"

namespace playhead::storage {

void JobSlot::Start(std::shared_ptr<JobControl> control, Job job) {
  absl::Status refusal;
  {
    absl::MutexLock lock(&mu_);
    if (stopping_) {
      refusal = MakeError(Reason::kShuttingDown, "the broker is stopping: try again soon");
    } else if (running_ != nullptr) {
      refusal = MakeError(Reason::kJobRunning, "another one is running on this broker: try again when it has ended");
    } else {
      running_ = std::move(control);
      cut_off_ = false;
    }
  }
  // Refuse on the caller's thread: the slot's own thread may be busy for long, or gone.
  if (!refusal.ok()) return std::move(job)(std::move(refusal));
  executor_.Post([job = std::move(job)]() mutable { std::move(job)(absl::OkStatus()); });
}

absl::Status JobSlot::End(absl::Status status) {
  absl::MutexLock lock(&mu_);
  running_ = nullptr;
  if (!cut_off_ || !absl::IsCancelled(status)) return status;
  return stopping_ ? MakeError(Reason::kShuttingDown, "the broker is stopping: the job was called off")
                   : MakeError(Reason::kStoreUnavailable,
                               "the store was reopened after a failed write: the job was called off, begin it again");
}

void JobSlot::CutOff() {
  absl::MutexLock lock(&mu_);
  if (running_ == nullptr) return;
  cut_off_ = true;
  running_->Cancel();
}

void JobSlot::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  CutOff();
  executor_.Join();
}

void LongJobs::Backup(BackupOptions options, std::shared_ptr<JobControl> control,
                      std::function<void(const BackupProgress&)> progress, Callback<BackupReport> done) {
  JobControl& called_off = *control;
  backups_.Start(control, [this, control, &called_off, options = std::move(options), progress = std::move(progress),
                           done = std::move(done)](absl::Status refusal) mutable {
    if (!refusal.ok()) return std::move(done)(std::move(refusal));
    auto report = [&]() -> absl::StatusOr<BackupReport> {
      const auto store = store_.Get();
      if (!store.ok()) return store.status();
      return MakeBackup(*store, options_, options, called_off, progress);
    }();
    const absl::Status status = backups_.End(report.status());
    if (status.ok()) {
      LogInfo("backup_made", absl::StrCat("dir=", options.dir, " point=", report->point.number,
                                          " bytes=", report->point.bytes, " copied=", report->copied_bytes));
      return std::move(done)(std::move(report));
    }
    LogWarning("backup_failed", absl::StrCat("dir=", options.dir), status);
    std::move(done)(status);
  });
}

void LongJobs::Verify(VerifyOptions options, std::shared_ptr<JobControl> control, VerifyListener listener,
                      Callback<VerifyProgress> done) {
  JobControl& called_off = *control;
  verifications_.Start(control, [this, control, &called_off, options, listener = std::move(listener),
                                 done = std::move(done)](absl::Status refusal) mutable {
    if (!refusal.ok()) return std::move(done)(std::move(refusal));
    VerifyListener logging = listener;
    logging.finding = [&listener](const Finding& finding) {
      LogError("finding",
               absl::StrCat("kind=", FindingName(finding.kind), " instance=", finding.instance,
                            " first=", finding.first.value(), " last=", finding.last.value()),
               absl::DataLossError(finding.what));
      listener.finding(finding);
    };
    Verifier verifier([this] { return store_.Get(); }, options, called_off, logging);
    auto result = verifier.Run();
    const absl::Status status = verifications_.End(result.status());
    if (!status.ok()) return std::move(done)(status);
    LogInfo("verified", absl::StrCat("instances=", result->instances, " events=", result->events,
                                     " bytes=", result->read_bytes, " findings=", result->findings));
    std::move(done)(std::move(result));
  });
}

}  // namespace playhead::storage
