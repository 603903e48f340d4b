// Keys and values of the family `dedup`: which event was appended under which identity. See docs/on-disk-format.md.
#ifndef PLAYHEAD_STORAGE_STORE_DEDUP_RECORDS_H_
#define PLAYHEAD_STORAGE_STORE_DEDUP_RECORDS_H_

#include <rocksdb/compaction_filter.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

// The 128-bit XXH3 hash of an event's id. The store keeps only this hash of it.
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

// The key of an event's id: instance, `I`, hash.
std::string IdKey(InstanceNumber instance, const IdHash& hash);

struct IdRecord {
  Timestamp appended_at;
  Cursor cursor;
  std::optional<absl::Duration> window;  // The event's own window, in whole milliseconds; unset: the store's.
};

// The key of a run of a producer's events with contiguous sequences and contiguous cursors: instance, `P`, the
// producer's id with its length, the sequence of the run's first event.
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

// Decides which identities are forgotten: those older than their window, or than a share of it while there are too
// many. Runs have the store's window. Thread safety: all methods.
class DedupExpiry {
 public:
  explicit DedupExpiry(absl::Duration store_window) : store_window_(store_window) {}

  bool IsForgotten(const IdRecord& record, Timestamp now) const {
    return record.appended_at < Cutoff(record.window.value_or(store_window_), now);
  }
  bool IsForgotten(const RunRecord& record, Timestamp now) const {
    return record.appended_at < Cutoff(store_window_, now);
  }

  // The share of every window that counts, from 0 to 1.
  void set_share(double share) { share_.store(share, std::memory_order_relaxed); }

 private:
  Timestamp Cutoff(absl::Duration window, Timestamp now) const {
    const absl::Duration kept = window * share_.load(std::memory_order_relaxed);
    return Timestamp(now.micros() - absl::ToInt64Microseconds(kept));
  }

  const absl::Duration store_window_;
  std::atomic<double> share_{1.0};
};

// Drops records that are forgotten when their files are compacted.
std::shared_ptr<rocksdb::CompactionFilterFactory> MakeDedupExpiryFilter(std::shared_ptr<const DedupExpiry> expiry);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_DEDUP_RECORDS_H_
