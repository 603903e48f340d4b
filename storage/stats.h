// What a log has done since it was opened, and how it stands: for metrics.
#ifndef PLAYHEAD_STORAGE_STATS_H_
#define PLAYHEAD_STORAGE_STATS_H_

#include <cstdint>
#include <vector>

namespace playhead::storage {

struct HistogramStats {
  std::vector<uint64_t> bounds;  // Upper bounds, inclusive and rising.
  std::vector<uint64_t> counts;  // How many values lie in each, not added up; the last, one more, is beyond all bounds.
  uint64_t sum = 0;              // Of all values.
};

// Counters rise for as long as the log is open, also when the store is reopened inside it. Read one by one while the
// log goes on, so that they need not agree to the last event.
struct LogStats {
  uint64_t appended_events = 0;   // Stored and durable.
  uint64_t appended_bytes = 0;    // Encoded, uncompressed, with the broker's fields.
  uint64_t duplicate_events = 0;  // Repeated an identity and were acknowledged without being stored again.
  uint64_t commits = 0;
  uint64_t syncs = 0;           // Commits that were synced before they were acknowledged: all, or none with kOs.
  HistogramStats sync_time_us;  // Of each commit: write-ahead log, sync and memory.
  HistogramStats events_per_sync;

  uint64_t reads = 0;           // Slices of work for streams and fetches that went to storage.
  uint64_t read_bytes = 0;      // Of events that these returned.
  uint64_t read_blocks = 0;     // That these took apart.
  uint64_t damaged_ranges = 0;  // Reads and time seeks that ended with DATA_LOSS.

  uint64_t erasure_passes = 0;    // Over all commits and the files that held deleted instances.
  uint64_t erased_instances = 0;  // Whose bytes these have removed.

  uint64_t reclaimed_bytes = 0;  // Of dropped slices, without what was moved out of them.
  uint64_t moved_bytes = 0;      // That were alive in these.
  uint64_t dropped_slices = 0;
  uint64_t reclaim_rounds = 0;  // Over the directory and the commits.
  uint64_t erased_events = 0;   // That stubs have taken the place of.
  uint64_t erasures_done = 0;   // Erasures of events that are done, dry runs not counted.

  uint64_t write_stalls = 0;  // How often RocksDB began to slow down or stop writes.
  uint64_t reopens = 0;       // After failed writes.

  uint64_t instances = 0;
  uint64_t wal_bytes = 0;  // Of the write-ahead log's files, as of a second ago.
  uint64_t disk_free_bytes = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STATS_H_
