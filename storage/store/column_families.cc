#include "storage/store/column_families.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/descriptors.h"
#include "storage/key_codec.h"
#include "storage/log.h"
#include "storage/store/store_file_system.h"

namespace playhead::storage {
namespace {

// Sends RocksDB's warnings and errors to the process's log. RocksDB's own logger would write a file LOG in the store's
// folder; but the distribution's build of 7.8 asserts that every line can be written, so a full disk would end the
// process.
class ProcessLog final : public rocksdb::Logger {
 public:
  ProcessLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  void LogHeader(const char* /*format*/, va_list /*arguments*/) override {}
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    if (!MayBeSaid(format)) return;
    char line[kLineBytesMax] = "";
    std::vsnprintf(line, sizeof(line), format, arguments);
    LogWarning("rocksdb", absl::StrCat("message=\"", absl::CEscape(line), "\""));
  }

 private:
  static constexpr size_t kLineBytesMax = 512;  // Longer lines are cut.
  static constexpr absl::Duration kRepeatInterval = absl::Minutes(1);
  static constexpr int kLinesOfAKind = 5;

  // Lines with the same format string; only a few are logged in each interval.
  struct Kind {
    std::chrono::steady_clock::time_point end;
    int lines = 0;
  };
  bool MayBeSaid(const char* format) ABSL_LOCKS_EXCLUDED(mu_) {
    const auto now = std::chrono::steady_clock::now();
    absl::MutexLock lock(&mu_);
    Kind& kind = kinds_[format];
    if (now >= kind.end) kind = {now + absl::ToChronoNanoseconds(kRepeatInterval)};
    return ++kind.lines <= kLinesOfAKind;
  }

  absl::Mutex mu_;
  absl::flat_hash_map<const char*, Kind> kinds_ ABSL_GUARDED_BY(mu_);
};

constexpr absl::string_view kSlicePrefix = "events.";
constexpr uint64_t kMiB = uint64_t{1} << 20;

// Writes are never delayed because compactions are behind: a compaction that fails for a damaged block would in the end
// stop all writes.
void LetFilesPileUp(rocksdb::ColumnFamilyOptions& family) {
  family.level0_slowdown_writes_trigger = 1 << 30;
  family.level0_stop_writes_trigger = 1 << 30;
  family.soft_pending_compaction_bytes_limit = 0;
  family.hard_pending_compaction_bytes_limit = 0;
}

rocksdb::BlockBasedTableOptions MakeTableOptions(const SharedTuning& shared) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = shared.block_cache;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  // Indexes and filters live in the cache, so that memory does not grow with the store.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = false;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.optimize_filters_for_memory = true;
  return table;
}

}  // namespace

std::string SliceFamilyName(uint32_t number) { return absl::StrFormat("%s%08d", kSlicePrefix, number); }

std::optional<uint32_t> ParseSliceFamilyName(absl::string_view name) {
  uint32_t number;
  absl::string_view digits = name;
  if (!absl::ConsumePrefix(&digits, kSlicePrefix) || !absl::SimpleAtoi(digits, &number)) return std::nullopt;
  if (SliceFamilyName(number) != name) return std::nullopt;  // SimpleAtoi would also take a sign and spaces.
  return number;
}

SharedTuning::SharedTuning(const StoreOptions& options)
    : env(rocksdb::NewCompositeEnv(
          std::make_shared<StoreFileSystem>(EnvOf(options).GetFileSystem(), options.data_dir))),
      block_cache(rocksdb::NewLRUCache(options.block_cache_bytes)),
      write_buffers(std::make_shared<rocksdb::WriteBufferManager>(2 * options.write_buffer_bytes)),
      dedup_expiry(std::make_shared<DedupExpiry>(options.dedup_window)) {}

rocksdb::DBOptions MakeDbOptions(const StoreOptions& options, const SharedTuning& shared) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.env = shared.env.get();
  db.write_buffer_manager = shared.write_buffers;
  db.listeners.push_back(shared.stalls);
  db.listeners.push_back(shared.merge_pauses);
  db.listeners.push_back(shared.failures);
  db.max_bgerror_resume_count = 0;  // RocksDB must not resume by itself after an error that it considers temporary.
  db.max_background_jobs = 2;
  db.max_total_wal_size = options.wal_bytes_max;
  db.bytes_per_sync = kMiB;  // Flushes reach the disk steadily, so that a commit's sync does not wait for one.
  db.recycle_log_file_num = 0;
  // Cuts off a torn tail. storage/store/wal_inspector.h has made sure before that nothing sound follows it.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.max_open_files = TableFilesMax();
  // These delay a start: RocksDB creates this many threads for each family, and reads files for statistics that only
  // help leveled compactions choose.
  db.max_file_opening_threads = 2;
  db.skip_stats_update_on_db_open = true;
  db.info_log = std::make_shared<ProcessLog>();
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  // A manifest contains the first and last key of every file it ever listed, and so names of deleted instances. With
  // this, a new manifest is started with every change of files, which are rare.
  db.max_manifest_file_size = 1;
  db.avoid_unnecessary_blocking_io = true;
  return db;
}

rocksdb::ColumnFamilyOptions MakeFamilyOptions(Family family, const StoreOptions& options, const SharedTuning& shared) {
  rocksdb::ColumnFamilyOptions made;
  made.write_buffer_size = options.write_buffer_bytes / 4;
  LetFilesPileUp(made);
  made.compression = rocksdb::kLZ4Compression;
  made.table_factory.reset(rocksdb::NewBlockBasedTableFactory(MakeTableOptions(shared)));
  // Most look-ups here find nothing: a new name, a new id.
  if (family == Family::kInstances || family == Family::kDedup) {
    made.memtable_whole_key_filtering = true;
    made.memtable_prefix_bloom_size_ratio = 0.05;
  }
  if (family == Family::kDedup) made.compaction_filter_factory = MakeDedupExpiryFilter(shared.dedup_expiry);
  return made;
}

rocksdb::ColumnFamilyOptions MakeSliceOptions(const StoreOptions& options, const SharedTuning& shared) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes;
  family.max_write_buffer_number = 4;
  // Blocks are written once and deleted with their slice. While it grows, a slice is a set of sorted files that are not
  // rewritten; when it is full, it is merged once (BlockStore), so that reads of old events use one file.
  family.disable_auto_compactions = true;
  family.level0_file_num_compaction_trigger = 1 << 30;
  LetFilesPileUp(family);
  // Large blocks are already compressed and stay as they are; many small blocks compress together here.
  family.compression = rocksdb::kLZ4Compression;
  // The files' filters answer "has this instance any block here?".
  family.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kInstanceKeyBytes));
  rocksdb::BlockBasedTableOptions table = MakeTableOptions(shared);
  table.whole_key_filtering = false;
  table.block_size = size_t{32} << 10;
  table.index_shortening = rocksdb::BlockBasedTableOptions::IndexShorteningMode::kShortenSeparators;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

}  // namespace playhead::storage
