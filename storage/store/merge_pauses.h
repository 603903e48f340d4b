// A family with a merge that meets damage is let alone for a while. RocksDB would try again a second later, for ever,
// and each time read all that stands before what cannot be read.
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

// Of the merges that RocksDB makes by itself; those that housekeeping asks for are its own to try again. What fails for
// another reason than damage may pass, and is left to RocksDB.
class MergePauses final : public rocksdb::EventListener {
 public:
  static constexpr std::chrono::hours kPause{1};

  // Any thread of RocksDB's.
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override ABSL_LOCKS_EXCLUDED(mu_);

  // Pauses those of `families` with a merge that met damage since the last call, and ends pauses that are over by
  // `now`. Writes to the disk if there are any. One caller at a time.
  void Apply(rocksdb::DB& db, absl::Span<rocksdb::ColumnFamilyHandle* const> families,
             std::chrono::steady_clock::time_point now) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  std::map<uint32_t, rocksdb::Status> damaged_ ABSL_GUARDED_BY(mu_);        // By the family's id.
  std::map<uint32_t, std::chrono::steady_clock::time_point> paused_until_;  // The same; of Apply's caller.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_MERGE_PAUSES_H_
