// Counters of a log since it was opened, and its current state, for metrics.
#ifndef PLAYHEAD_STORAGE_STATS_H_
#define PLAYHEAD_STORAGE_STATS_H_

#include <cstdint>
#include <vector>

namespace playhead::storage {

struct HistogramStats {
  std::vector<uint64_t> bounds;  // Upper bounds, inclusive and increasing.
  std::vector<uint64_t> counts;  // Values in each bucket, not cumulative; one extra bucket at the end is for values
                                 // beyond all bounds.
  uint64_t sum = 0;              // Of all values.
};

// Counters increase for as long as the log is open, also across a reopening of the store inside it. They are read one
// by one while the log goes on, so they need not agree to the last event.
struct LogStats {
  uint64_t appended_events = 0;   // Stored and durable.
  uint64_t appended_bytes = 0;    // Encoded, uncompressed, with the broker's fields.
  uint64_t duplicate_events = 0;  // Events that repeated an identity, and were acknowledged without being stored again.
  uint64_t commits = 0;
  uint64_t syncs = 0;           // Commits that were synced before they were acknowledged: all, or none with kOs.
  HistogramStats sync_time_us;  // Of each commit: write-ahead log, sync and memory.
  HistogramStats events_per_sync;

  uint64_t reads = 0;           // Slices of work for streams and fetches that went to storage.
  uint64_t read_bytes = 0;      // Of events that these returned.
  uint64_t read_blocks = 0;     // Blocks that these scanned.
  uint64_t damaged_ranges = 0;  // Reads and time seeks that ended with DATA_LOSS.

  uint64_t erasure_passes = 0;    // Passes over all commits and the files that held deleted instances.
  uint64_t erased_instances = 0;  // Instances whose bytes these have removed.

  uint64_t reclaimed_bytes = 0;  // Of dropped slices, without the bytes that were moved out of them.
  uint64_t moved_bytes = 0;      // Live bytes that were moved out of dropped slices.
  uint64_t dropped_slices = 0;
  uint64_t reclaim_rounds = 0;  // Rounds over the directory and the commits.
  uint64_t erased_events = 0;   // Events that were replaced by stubs.
  uint64_t erasures_done = 0;   // Erasures of events that are done, dry runs not counted.

  uint64_t write_stalls = 0;  // How often RocksDB began to slow down or stop writes.
  uint64_t reopens = 0;       // After failed writes.

  uint64_t instances = 0;
  uint64_t wal_bytes = 0;  // Of the write-ahead log's files, as of a second ago.
  uint64_t disk_free_bytes = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STATS_H_
