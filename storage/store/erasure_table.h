// The erasures of an open store: those in progress, those that ended recently, and what they hide from reads.
//
// Everything here is on disk, except progress since a row was last written. Thread safety: all methods.
#ifndef PLAYHEAD_STORAGE_STORE_ERASURE_TABLE_H_
#define PLAYHEAD_STORAGE_STORE_ERASURE_TABLE_H_

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/erasures.h"
#include "storage/store/erasure_job.h"
#include "storage/store/erasure_masks.h"

namespace playhead::storage {

class ErasureTable {
 public:
  // Adds or updates an erasure that is on disk: a new one, its progress, or its end.
  void Put(const ErasureJob& job) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(uint64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // NotFound (ERASURE_NOT_FOUND).
  absl::StatusOr<ErasureJob> Get(uint64_t id) const ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<ErasureInfo> List(uint64_t after_id, size_t limit, Timestamp now) const ABSL_LOCKS_EXCLUDED(mu_);

  // Reserves a place for an erasure that is not on disk yet, which PutReserved takes. If its write fails, the place is
  // lost with this table: the store is opened anew.
  //   ResourceExhausted  ERASURES_LIMIT: kErasuresActiveMax have not ended or are reserved.
  absl::Status Reserve() ABSL_LOCKS_EXCLUDED(mu_);
  // As Put, for a new erasure for which Reserve returned OK.
  void PutReserved(const ErasureJob& job) ABSL_LOCKS_EXCLUDED(mu_);

  // Returns the first erasure after `after_id` that is queued or was begun, and marks it as begun. nullopt if there is
  // none.
  std::optional<ErasureJob> BeginNext(uint64_t after_id) ABSL_LOCKS_EXCLUDED(mu_);
  // The erasures whose events are out of the log, but perhaps not out of the files.
  std::vector<ErasureJob> Purging() const ABSL_LOCKS_EXCLUDED(mu_);
  // Takes an erasure back, so that it will not begin. FailedPrecondition (ERASURE_BEGUN) unless it is still queued.
  absl::StatusOr<ErasureJob> TakeBack(uint64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // The ended erasures to be forgotten: those that ended long ago, or are too many.
  std::vector<uint64_t> Expired(Timestamp now) const ABSL_LOCKS_EXCLUDED(mu_);

  const ErasureMasks& masks() const { return masks_; }

 private:
  void PutLocked(const ErasureJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  size_t ActiveCount() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  std::map<uint64_t, ErasureJob> jobs_ ABSL_GUARDED_BY(mu_);
  size_t reserved_ ABSL_GUARDED_BY(mu_) = 0;
  ErasureMasks masks_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ERASURE_TABLE_H_
