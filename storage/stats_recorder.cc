#include "storage/stats_recorder.h"

namespace playhead::storage {

void StatsRecorder::NoteCommit(uint64_t events, uint64_t bytes, absl::Duration write_time, bool synced) {
  Add(appended_events_, events);
  Add(appended_bytes_, bytes);
  Add(commits_, 1);
  if (!synced) return;
  Add(syncs_, 1);
  sync_time_us_.Add(static_cast<uint64_t>(absl::ToInt64Microseconds(write_time)));
  if (events > 0) events_per_sync_.Add(events);
}

void StatsRecorder::NoteRead(uint64_t bytes, uint64_t blocks) {
  Add(reads_, 1);
  Add(read_bytes_, bytes);
  Add(read_blocks_, blocks);
}

LogStats StatsRecorder::Snapshot() const {
  const auto get = [](const Counter& counter) { return counter.load(std::memory_order_relaxed); };
  LogStats out;
  out.appended_events = get(appended_events_);
  out.appended_bytes = get(appended_bytes_);
  out.duplicate_events = get(duplicate_events_);
  out.commits = get(commits_);
  out.syncs = get(syncs_);
  out.sync_time_us = sync_time_us_.Snapshot();
  out.events_per_sync = events_per_sync_.Snapshot();
  out.reads = get(reads_);
  out.read_bytes = get(read_bytes_);
  out.read_blocks = get(read_blocks_);
  out.damaged_ranges = get(damaged_ranges_);
  out.erasure_passes = get(erasure_passes_);
  out.erased_instances = get(erased_instances_);
  out.reclaimed_bytes = get(reclaimed_bytes_);
  out.moved_bytes = get(moved_bytes_);
  out.dropped_slices = get(dropped_slices_);
  out.reclaim_rounds = get(reclaim_rounds_);
  out.erased_events = get(erased_events_);
  out.erasures_done = get(erasures_done_);
  out.write_stalls = get(write_stalls_);
  out.reopens = get(reopens_);
  out.instances = get(instances_);
  out.wal_bytes = get(wal_bytes_);
  return out;
}

}  // namespace playhead::storage
