// The counters of a log. Relaxed atomics: a few nanoseconds each, with no order between them.
#ifndef PLAYHEAD_STORAGE_STATS_RECORDER_H_
#define PLAYHEAD_STORAGE_STATS_RECORDER_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "storage/stats.h"

namespace playhead::storage {

// Thread safety: all methods.
template <size_t kBounds>
class Histogram {
 public:
  explicit Histogram(const std::array<uint64_t, kBounds>& bounds) : bounds_(bounds) {}

  void Add(uint64_t value) {
    const auto bucket = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  HistogramStats Snapshot() const {
    HistogramStats out;
    out.bounds.assign(bounds_.begin(), bounds_.end());
    for (const auto& count : counts_) out.counts.push_back(count.load(std::memory_order_relaxed));
    out.sum = sum_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  const std::array<uint64_t, kBounds> bounds_;
  std::array<std::atomic<uint64_t>, kBounds + 1> counts_{};
  std::atomic<uint64_t> sum_{0};
};

// Thread safety: all methods.
class StatsRecorder {
 public:
  void NoteCommit(uint64_t events, uint64_t bytes, absl::Duration write_time, bool synced);
  void NoteDuplicates(uint64_t events) { Add(duplicate_events_, events); }
  void NoteRead(uint64_t bytes, uint64_t blocks);
  void NoteDamage() { Add(damaged_ranges_, 1); }
  void NoteErasure(uint64_t instances) {
    Add(erasure_passes_, 1);
    Add(erased_instances_, instances);
  }
  void NoteReclaim(uint64_t reclaimed_bytes, uint64_t moved_bytes) {
    Add(reclaimed_bytes_, reclaimed_bytes);
    Add(moved_bytes_, moved_bytes);
    Add(dropped_slices_, 1);
  }
  void NoteReclaimRound() { Add(reclaim_rounds_, 1); }
  void NoteErasedEvents(uint64_t events) { Add(erased_events_, events); }
  void NoteErasuresDone(uint64_t erasures) { Add(erasures_done_, erasures); }
  void NoteReopen() { Add(reopens_, 1); }
  void NoteWriteStalls(uint64_t stalls) { Add(write_stalls_, stalls); }
  void set_instances(uint64_t count) { instances_.store(count, std::memory_order_relaxed); }
  void set_wal_bytes(uint64_t bytes) { wal_bytes_.store(bytes, std::memory_order_relaxed); }

  // All fields except disk_free_bytes.
  LogStats Snapshot() const;

 private:
  using Counter = std::atomic<uint64_t>;
  static void Add(Counter& counter, uint64_t n) { counter.fetch_add(n, std::memory_order_relaxed); }

  Counter appended_events_{0};
  Counter appended_bytes_{0};
  Counter duplicate_events_{0};
  Counter commits_{0};
  Counter syncs_{0};
  Histogram<14> sync_time_us_{
      {100, 200, 400, 800, 1600, 3200, 6400, 12'800, 25'600, 51'200, 102'400, 204'800, 409'600, 819'200}};
  Histogram<9> events_per_sync_{{1, 4, 16, 64, 256, 1024, 4096, 16'384, 65'536}};
  Counter reads_{0};
  Counter read_bytes_{0};
  Counter read_blocks_{0};
  Counter damaged_ranges_{0};
  Counter erasure_passes_{0};
  Counter erased_instances_{0};
  Counter reclaimed_bytes_{0};
  Counter moved_bytes_{0};
  Counter dropped_slices_{0};
  Counter reclaim_rounds_{0};
  Counter erased_events_{0};
  Counter erasures_done_{0};
  Counter write_stalls_{0};
  Counter reopens_{0};
  Counter instances_{0};
  Counter wal_bytes_{0};
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STATS_RECORDER_H_
