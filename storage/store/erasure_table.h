// The erasures of an open store: those under way and those that ended lately, and what they hide from reads.
//
// What is here is on disk, but for how far one has got since its row was last written. Thread safety: all methods.
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
  // Takes in what is on disk, or what has become durable: new, further, or ended.
  void Put(const ErasureJob& job) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(uint64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // NotFound (ERASURE_NOT_FOUND).
  absl::StatusOr<ErasureJob> Get(uint64_t id) const ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<ErasureInfo> List(uint64_t after_id, size_t limit, Timestamp now) const ABSL_LOCKS_EXCLUDED(mu_);
  size_t active_count() const ABSL_LOCKS_EXCLUDED(mu_);

  // The first behind `after_id` that is queued or was begun: begun from here on. nullopt if there is none.
  std::optional<ErasureJob> BeginNext(uint64_t after_id) ABSL_LOCKS_EXCLUDED(mu_);
  // Those whose events are out of the log but perhaps not out of the files.
  std::vector<ErasureJob> Purging() const ABSL_LOCKS_EXCLUDED(mu_);
  // FailedPrecondition (ERASURE_BEGUN) unless it is still queued; from here on it will not begin.
  absl::StatusOr<ErasureJob> TakeBack(uint64_t id) ABSL_LOCKS_EXCLUDED(mu_);

  // Those that ended long ago, or are too many: to be forgotten.
  std::vector<uint64_t> Expired(Timestamp now) const ABSL_LOCKS_EXCLUDED(mu_);

  const ErasureMasks& masks() const { return masks_; }

 private:
  mutable absl::Mutex mu_;
  std::map<uint64_t, ErasureJob> jobs_ ABSL_GUARDED_BY(mu_);
  ErasureMasks masks_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ERASURE_TABLE_H_
