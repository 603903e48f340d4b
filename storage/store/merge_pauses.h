// Pauses merges of a family for a while after one has met damage. RocksDB would retry a second later, for ever, and
// each time read everything before the damage again.
#ifndef PLAYHEAD_STORAGE_STORE_MERGE_PAUSES_H_
#define PLAYHEAD_STORAGE_STORE_MERGE_PAUSES_H_

#include <rocksdb/db.h>
#include <rocksdb/listener.h>

#include <chrono>
#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

namespace playhead::storage {

// Applies to the merges that RocksDB starts by itself; housekeeping retries those that it asks for. A failure for
// another reason than damage may pass, and is left to RocksDB.
class MergePauses final : public rocksdb::EventListener {
 public:
  static constexpr std::chrono::hours kPause{1};

  // Called on any thread of RocksDB.
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override ABSL_LOCKS_EXCLUDED(mu_);

  // Pauses those of `families` with a merge that met damage since the last call, and ends pauses that are over at
  // `now`. Writes to the disk if anything changes. One caller at a time.
  void Apply(rocksdb::DB& db, absl::Span<rocksdb::ColumnFamilyHandle* const> families,
             std::chrono::steady_clock::time_point now) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  std::map<uint32_t, rocksdb::Status> damaged_ ABSL_GUARDED_BY(mu_);        // By the family's id.
  std::map<uint32_t, std::chrono::steady_clock::time_point> paused_until_;  // By the family's id; accessed only by
                                                                            // Apply's caller.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_MERGE_PAUSES_H_
