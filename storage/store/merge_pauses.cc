#include "storage/store/merge_pauses.h"

#include "absl/strings/str_cat.h"
#include "storage/log.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

rocksdb::Status SetPaused(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, bool paused) {
  return db.SetOptions(family, {{"disable_auto_compactions", paused ? "true" : "false"}});
}

}  // namespace

void MergePauses::OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) {
  if (!job.status.IsCorruption() || job.compaction_reason == rocksdb::CompactionReason::kManualCompaction) return;
  absl::MutexLock lock(&mu_);
  damaged_[job.cf_id] = job.status;
}

void MergePauses::Apply(rocksdb::DB& db, absl::Span<rocksdb::ColumnFamilyHandle* const> families,
                        std::chrono::steady_clock::time_point now) {
  std::map<uint32_t, rocksdb::Status> damaged;
  {
    absl::MutexLock lock(&mu_);
    damaged.swap(damaged_);
  }
  for (rocksdb::ColumnFamilyHandle* const family : families) {
    const auto paused = paused_until_.find(family->GetID());
    if (paused != paused_until_.end()) {
      if (paused->second <= now && SetPaused(db, family, false).ok()) paused_until_.erase(paused);
    } else if (const auto damage = damaged.find(family->GetID()); damage != damaged.end()) {
      LogWarning("merges_paused",
                 absl::StrCat("family=", family->GetName(), " for_s=", std::chrono::seconds(kPause).count()),
                 ReadError(damage->second, "merging"));
      // RocksDB applies the option even if it cannot persist it.
      SetPaused(db, family, true).PermitUncheckedError();
      paused_until_[family->GetID()] = now + kPause;
    }
  }
}

}  // namespace playhead::storage
