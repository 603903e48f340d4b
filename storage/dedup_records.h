// Keys and values of the family `dedup`: what was appended under which identity. docs/on-disk-format.md.
#ifndef PLAYHEAD_STORAGE_DEDUP_RECORDS_H_
#define PLAYHEAD_STORAGE_DEDUP_RECORDS_H_

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

// The 128-bit XXH3 hash of an event's id: what the store keeps of it.
struct IdHash {
  uint64_t high = 0;
  uint64_t low = 0;
  static IdHash Of(absl::string_view id);
  friend bool operator==(const IdHash&, const IdHash&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const IdHash& hash) {
    return H::combine(std::move(state), hash.high, hash.low);
  }
};

// An event's id: instance, `I`, hash.
std::string IdKey(InstanceNumber instance, const IdHash& hash);

struct IdRecord {
  Timestamp appended_at;
  Cursor cursor;
};

// A run of a producer's events with contiguous sequences and contiguous cursors: instance, `P`, the producer's id with
// its length, the sequence of the run's first event.
std::string ProducerKeyPrefix(InstanceNumber instance, absl::string_view producer_id);
std::string RunKey(InstanceNumber instance, absl::string_view producer_id, uint64_t first_sequence);
uint64_t RunKeySequence(absl::string_view key);

struct RunRecord {
  Timestamp appended_at;
  Cursor first;
  uint32_t count = 0;
};

std::string Encode(const IdRecord& record);
std::string Encode(const RunRecord& record);
std::optional<IdRecord> DecodeIdRecord(absl::string_view value);
std::optional<RunRecord> DecodeRunRecord(absl::string_view value);

// Drops records that were appended before `*cutoff` when their files are compacted.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeDedupExpiryFilter(
    std::shared_ptr<const std::atomic<int64_t>> cutoff);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_DEDUP_RECORDS_H_
