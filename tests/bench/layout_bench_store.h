// The layouts that layout_bench compares, as RocksDB options, and a store with one of them. A part of that program, not
// for other use.
#ifndef PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_STORE_H_
#define PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_STORE_H_

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/layout_bench_process.h"

namespace playhead::layout_bench {

using rocksdb::ColumnFamilyHandle;

struct Header {  // Only the size and the checksum matter here; the broker's header has more named fields.
  uint64_t checksum, first_cursor, last_cursor, count, plain_bytes, compressed, first_at, last_at, commit, spare[3];
};
static_assert(sizeof(Header) == kHeaderBytes);

inline rocksdb::ColumnFamilyOptions EventsOptions() {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = 64 << 20;
  o.max_write_buffer_number = 4;
  o.compression = Is("sst", "lz4")    ? rocksdb::kLZ4Compression
                  : Is("sst", "zstd") ? rocksdb::kZSTD
                                      : rocksdb::kNoCompression;
  o.compression_opts.level = o.compression == rocksdb::kZSTD ? 1 : o.compression_opts.level;
  o.level0_file_num_compaction_trigger = Int("runs");
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 32 << 10;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  if (Is("layout", "leveled")) {
    o.max_bytes_for_level_base = 512 << 20;
  } else if (Is("layout", "universal")) {
    o.compaction_style = rocksdb::kCompactionStyleUniversal;
    o.num_levels = 40;  // Sorted runs sit on levels, so that DeleteFilesInRange can reach them.
    o.compaction_options_universal.allow_trivial_move = true;
    o.compaction_options_universal.max_size_amplification_percent =
        1000000;  // Nothing is overwritten: never merge everything.
    o.compaction_options_universal.min_merge_width = Int("runs");
  } else if (Is("layout", "blobdb")) {
    o.enable_blob_files = true;
    o.min_blob_size = 512;
    o.blob_file_size = 256 << 20;
    o.blob_compression_type = o.compression;
    o.enable_blob_garbage_collection = true;
    o.blob_garbage_collection_force_threshold = 0.5;
  } else {
    o.disable_auto_compactions = true;
    o.level0_file_num_compaction_trigger = o.level0_slowdown_writes_trigger = o.level0_stop_writes_trigger = 1 << 30;
    // A read of one instance meets every L0 file of a slice; the filter skips those without it.
    o.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(6));
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.whole_key_filtering = false;
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

struct Store {
  std::unique_ptr<rocksdb::DB> db;
  std::shared_ptr<rocksdb::Statistics> statistics = rocksdb::CreateDBStatistics();
  std::unique_ptr<ColumnFamilyHandle> fallback, commits;
  std::vector<std::unique_ptr<ColumnFamilyHandle>> slices;  // Oldest first; the one and only unless timesliced.
  int slices_made = 0;

  void Open() {
    rocksdb::DBOptions o;
    o.create_if_missing = o.create_missing_column_families = true;
    o.max_background_jobs = 2;
    o.max_total_wal_size = 256 << 20;
    o.recycle_log_file_num = 0;
    o.bytes_per_sync = 1 << 20;
    o.statistics = statistics;
    o.avoid_flush_during_recovery = Int("avoid_flush_during_recovery");
    o.skip_stats_update_on_db_open = true;
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(o, flags["dir"], &names).ok()) names = {"default", "commits", "events.0000"};
    std::sort(names.begin(), names.end());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) {
      families.emplace_back(name, name.starts_with("events") ? EventsOptions() : rocksdb::ColumnFamilyOptions());
    }
    std::vector<ColumnFamilyHandle*> handles;
    rocksdb::DB* opened;
    Check(rocksdb::DB::Open(o, flags["dir"], families, &handles, &opened), "open");
    db.reset(opened);
    for (size_t i = 0; i < names.size(); ++i) {
      if (names[i] == "default")
        fallback.reset(handles[i]);
      else if (names[i] == "commits")
        commits.reset(handles[i]);
      else
        slices.emplace_back(handles[i]);
    }
  }
  void AddSlice() {
    rocksdb::FlushOptions later;
    later.wait = false;
    Check(db->Flush(later, slices.back().get()), "flush of a full slice");
    char name[20];
    std::snprintf(name, sizeof name, "events.%04d", ++slices_made);
    ColumnFamilyHandle* slice;
    Check(db->CreateColumnFamily(EventsOptions(), name, &slice), "new slice");
    slices.emplace_back(slice);
    if (Int("slices_max") == 0 || slices.size() <= size_t(Int("slices_max"))) return;
    Check(db->DropColumnFamily(slices.front().get()), "drop");
    slices.erase(slices.begin());
  }
  // Until no flush and no compaction has run for half a second. ("compaction-pending" can stay set with nothing to do.)
  void WaitUntilIdle(double seconds_max) {
    const double deadline = Now() + seconds_max;
    for (int quiet = 0; quiet < 10 && Now() < deadline; usleep(50000)) {
      uint64_t flushes = 0, compactions = 0;
      db->GetIntProperty(slices[0].get(), "rocksdb.num-running-flushes",
                         &flushes);  // Of the whole store, as is the next.
      db->GetIntProperty(slices[0].get(), "rocksdb.num-running-compactions", &compactions);
      quiet = flushes + compactions == 0 ? quiet + 1 : 0;
    }
  }
};

}  // namespace playhead::layout_bench

#endif  // PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_STORE_H_
