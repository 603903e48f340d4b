#include "storage/store/merge_pauses.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/log.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

absl::Status SetPaused(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, bool paused) {
  return ReadError(db.SetOptions(family, {{"disable_auto_compactions", paused ? "true" : "false"}}),
                   "setting a family's options");
}

}  // namespace

void MergePauses::OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) {
  if (!job.status.IsCorruption() && !job.status.IsIOError()) return;
  if (job.compaction_reason == rocksdb::CompactionReason::kManualCompaction) return;
  absl::MutexLock lock(&mu_);
  failed_[job.cf_id] = job.status;
}

void MergePauses::Apply(rocksdb::DB& db, absl::Span<rocksdb::ColumnFamilyHandle* const> families,
                        std::chrono::steady_clock::time_point now) {
  std::map<uint32_t, rocksdb::Status> failed;
  {
    absl::MutexLock lock(&mu_);
    failed.swap(failed_);
  }
  for (rocksdb::ColumnFamilyHandle* const family : families) {
    const auto paused = paused_until_.find(family->GetID());
    if (const auto failure = failed.find(family->GetID()); failure != failed.end() && paused == paused_until_.end()) {
      const std::chrono::seconds pause = failure->second.IsCorruption() ? kPauseOfDamage : kPause;
      LogWarning("merges_paused", absl::StrCat("family=", family->GetName(), " for_s=", pause.count()),
                 ReadError(failure->second, "merging"));
      if (SetPaused(db, family, true).ok()) paused_until_[family->GetID()] = now + pause;
    } else if (paused != paused_until_.end() && paused->second <= now && SetPaused(db, family, false).ok()) {
      paused_until_.erase(paused);
    }
  }
}

}  // namespace playhead::storage
