// layout_bench writes blocks the way the broker's committer does and measures what a storage layout costs: bytes written
// per payload byte, throughput and its worst second, commit latency, CPU, replay, seeks, restart after a kill, trim.
//
//   g++ -std=c++20 -O2 layout_bench.cc -o layout_bench -lrocksdb -llz4 -lzstd -lxxhash
//   ./layout_bench --layout=timesliced --codec=lz4 --instances=1000 --seconds=60 --dir=/tmp/layout
//
// One run is one store and one line of JSON. "Payload" is the plain bytes of the encoded events, before any codec.
// A child process writes and then dies without closing the store; the parent reopens it, reads it and trims it.
// docs/decisions/0001-storage-layout.md records the runs and what was decided from them.
#include <lz4.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>
#include <zdict.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using rocksdb::ColumnFamilyHandle;
using rocksdb::Slice;

constexpr uint64_t kCommitBytesMax = 4 << 20;  // Plain payload of one commit, as in the broker.
constexpr size_t kBlockBytes = 64 << 10;
constexpr size_t kHeaderBytes = 96;
constexpr int kInstancesMax = 1000;

std::map<std::string, std::string> flags = {
    {"layout", "leveled"},          // leveled | universal | blobdb | timesliced
    {"codec", "none"},              // none | lz4 | zstd1 | lz4dict | zstd1dict | adaptive (lz4 only while a sync is in flight)
    {"sst", "none"},                // RocksDB's own compression of SST blocks (or blob files): none | lz4 | zstd
    {"instances", "1"},             // 1: blocks of 64 KiB; more: one block an append
    {"events_per_append", "64"},    // with several instances
    {"appends_per_commit", "0"},    // 0: as many as fit 4 MiB
    {"seconds", "60"},              // the load stops at this time ...
    {"stored_gb_max", "10"},        // ... or at this size of the store
    {"runs", "8"},                  // leveled and universal: L0 files, or sorted runs, that start a compaction
    {"slice_mb", "1024"},           // timesliced: stored bytes of a slice
    {"slices_max", "0"},            // timesliced: drop the oldest beyond this many during the load; 0: keep all
    {"avoid_flush_during_recovery", "0"},
    {"front_us", "0"},              // CPU per event spent by two other threads first: stands for client and gRPC
    {"compact_after_trim", "0"},    // also measure what getting all space back costs
    {"drop_caches", "0"},           // empty the page cache before reopening (root only)
    {"dir", "/tmp/layout_bench_store"},
    {"corpus", "tests/data/meta_webhooks.ndjson"}};
int Int(const std::string& name) { return std::stoi(flags.at(name)); }
bool Is(const char* name, const char* value) { return flags.at(name) == value; }

void Check(const rocksdb::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  _exit(1);
}

double Now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double CpuSeconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

uint64_t DeviceBytes(const char* counter) {  // As the kernel counts them for this process; written: when pages become dirty.
  std::ifstream io("/proc/self/io");
  for (std::string name, value; io >> name >> value;) {
    if (name == counter) return std::stoull(value);
  }
  return 0;
}
uint64_t DeviceBytesWritten() { return DeviceBytes("write_bytes:"); }
uint64_t DirectoryBytes(bool wal) {
  uint64_t total = 0;
  for (const auto& entry : std::filesystem::directory_iterator(flags["dir"])) {
    std::error_code gone;  // RocksDB deletes files meanwhile.
    const std::string extension = entry.path().extension();
    if (wal ? extension == ".log" : extension == ".sst" || extension == ".blob") total += entry.file_size(gone);
  }
  return total;
}
double Percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, size_t(p * values.size()))];
}
void Print(const char* name, double value) { std::printf(",\"%s\":%.5g", name, value); }

std::string Key(uint64_t instance, uint64_t cursor) {
  std::string key(14, '\0');
  for (int i = 0; i < 6; ++i) key[i] = char(instance >> (40 - 8 * i));
  for (int i = 0; i < 8; ++i) key[6 + i] = char(cursor >> (56 - 8 * i));
  return key;
}
uint64_t CursorOf(Slice key) {
  uint64_t cursor = 0;
  for (int i = 6; i < 14; ++i) cursor = cursor << 8 | uint8_t(key[i]);
  return cursor;
}

// The corpus as encoded events, all but the two trailing fields that the broker adds (cursor, appended_at).
struct Corpus {
  struct Event { std::string bytes; size_t id_at; };
  std::vector<Event> events;
  std::string dictionary;  // Trained on every eighth event.

  explicit Corpus(const std::string& path) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
      std::string fields = "\x0a\x1e" "evt-0123456789abcdef-message.x" "\x12\x10" "whatsapp.message" "\x19" "CREATED_";
      AppendVarint(&(fields += '\x2a'), line.size());
      fields += line;
      Event event{"\x0a", 0};
      AppendVarint(&event.bytes, fields.size() + 18);
      event.id_at = event.bytes.size() + 6;
      event.bytes += fields;
      events.push_back(std::move(event));
    }
    if (events.empty()) Check(rocksdb::Status::NotFound(path), "corpus");
    std::string samples;
    std::vector<size_t> sizes;
    for (size_t i = 0; i < events.size(); i += 8) {
      samples += events[i].bytes;
      sizes.push_back(events[i].bytes.size());
    }
    dictionary.resize(16 << 10);
    dictionary.resize(ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(), sizes.size()));
  }
  static void AppendVarint(std::string* out, uint64_t value) {
    for (; value >= 128; value >>= 7) out->push_back(char(value | 128));
    out->push_back(char(value));
  }
  // Copies one event with an id of its own, so that ids do not compress better than real ones would.
  void AppendEvent(size_t i, uint64_t cursor, uint64_t appended_at, std::string* out) const {
    const Event& event = events[i % events.size()];
    const size_t start = out->size();
    *out += event.bytes;
    uint64_t id = (cursor + appended_at) * 0x9e3779b97f4a7c15;
    id ^= id >> 29;
    for (int k = 0; k < 16; ++k) (*out)[start + event.id_at + k] = "0123456789abcdef"[id >> 4 * k & 15];
    char trailer[18] = {'\x31', 0, 0, 0, 0, 0, 0, 0, 0, '\x39'};
    std::memcpy(trailer + 1, &cursor, 8);
    std::memcpy(trailer + 10, &appended_at, 8);
    out->append(trailer, 18);
  }
};

class Codec {
 public:
  explicit Codec(const std::string& dictionary) : dictionary_(dictionary) {
    LZ4_initStream(&lz4_dictionary_, sizeof lz4_dictionary_);
    LZ4_loadDict(&lz4_dictionary_, dictionary_.data(), int(dictionary_.size()));
  }
  // Returns what to store: `out` compressed, or `body` itself where that is no shorter.
  Slice Compress(const std::string& codec, const std::string& body, std::string* out) {
    if (codec == "none") return body;
    out->resize(std::max<size_t>(LZ4_compressBound(int(body.size())), ZSTD_compressBound(body.size())));
    size_t size = 0;
    if (codec == "lz4") {
      size = LZ4_compress_default(body.data(), out->data(), int(body.size()), int(out->size()));
    } else if (codec == "lz4dict") {
      lz4_ = lz4_dictionary_;  // 16 KiB copied; cheaper than loading the dictionary again.
      size = LZ4_compress_fast_continue(&lz4_, body.data(), out->data(), int(body.size()), int(out->size()), 1);
    } else if (codec == "zstd1") {
      size = ZSTD_compressCCtx(zstd_.get(), out->data(), out->size(), body.data(), body.size(), 1);
    } else {
      size = ZSTD_compress_usingCDict(zstd_.get(), out->data(), out->size(), body.data(), body.size(), cdict_.get());
    }
    return size < body.size() ? Slice(out->data(), size) : Slice(body);
  }
  bool Decompress(const std::string& codec, Slice stored, std::string* plain) {
    if (codec == "lz4") return LZ4_decompress_safe(stored.data(), plain->data(), int(stored.size()), int(plain->size())) >= 0;
    if (codec == "lz4dict") {
      return LZ4_decompress_safe_usingDict(stored.data(), plain->data(), int(stored.size()), int(plain->size()), dictionary_.data(),
                                           int(dictionary_.size())) >= 0;
    }
    const size_t size = codec == "zstd1"
        ? ZSTD_decompressDCtx(unzstd_.get(), plain->data(), plain->size(), stored.data(), stored.size())
        : ZSTD_decompress_usingDDict(unzstd_.get(), plain->data(), plain->size(), stored.data(), stored.size(), ddict_.get());
    return !ZSTD_isError(size);
  }

 private:
  const std::string dictionary_;
  LZ4_stream_t lz4_dictionary_, lz4_;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd_{ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> unzstd_{ZSTD_createDCtx(), ZSTD_freeDCtx};
  std::unique_ptr<ZSTD_CDict, decltype(&ZSTD_freeCDict)> cdict_{ZSTD_createCDict(dictionary_.data(), dictionary_.size(), 1),
                                                                ZSTD_freeCDict};
  std::unique_ptr<ZSTD_DDict, decltype(&ZSTD_freeDDict)> ddict_{ZSTD_createDDict(dictionary_.data(), dictionary_.size()),
                                                                ZSTD_freeDDict};
};

struct Header {  // Only the size and the checksum matter here; the broker's header has more named fields.
  uint64_t checksum, first_cursor, last_cursor, count, plain_bytes, compressed, first_at, last_at, commit, spare[3];
};
static_assert(sizeof(Header) == kHeaderBytes);

rocksdb::ColumnFamilyOptions EventsOptions() {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = 64 << 20;
  o.max_write_buffer_number = 4;
  o.compression = Is("sst", "lz4") ? rocksdb::kLZ4Compression : Is("sst", "zstd") ? rocksdb::kZSTD : rocksdb::kNoCompression;
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
    o.compaction_options_universal.max_size_amplification_percent = 1000000;  // Nothing is overwritten: never merge everything.
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
      if (names[i] == "default") fallback.reset(handles[i]);
      else if (names[i] == "commits") commits.reset(handles[i]);
      else slices.emplace_back(handles[i]);
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
      db->GetIntProperty(slices[0].get(), "rocksdb.num-running-flushes", &flushes);  // Of the whole store, as is the next.
      db->GetIntProperty(slices[0].get(), "rocksdb.num-running-compactions", &compactions);
      quiet = flushes + compactions == 0 ? quiet + 1 : 0;
    }
  }
};

struct Shared {  // What the writing child leaves to its parent.
  uint64_t heads[kInstancesMax];
  uint64_t position, events, payload_bytes;
};

// Builds commits as the committer does: for each append, copy its events into a block, compress it once, put it.
class Builder {
 public:
  Builder(const Corpus& corpus, Store* store, Shared* shared)
      : corpus_(corpus), codec_(corpus.dictionary), store_(store), shared_(shared) {}

  // Blocks are compressed under "adaptive" only while `writer_busy`: then the batch would have waited for the sync anyhow.
  void Build(const std::atomic<bool>& writer_busy, rocksdb::WriteBatch* batch) {
    const int instances = Int("instances");
    const int events_per_append = instances == 1 ? 1 << 20 : per_append_;
    uint64_t payload = 0;
    for (int append = 0; payload < kCommitBytesMax && (per_commit_ == 0 || append < per_commit_); ++append) {
      const double u = std::uniform_real_distribution<>()(random_);
      const int instance = int(u * u * instances);  // The busiest of 1,000 has 3 % of the events.
      uint64_t& head = shared_->heads[instance];
      size_t next = random_() % corpus_.events.size();
      Header header{};
      header.first_cursor = head + 1;
      body_.clear();
      while (int(header.count) < events_per_append && body_.size() < kBlockBytes) {
        corpus_.AppendEvent(next++, ++head, shared_->position, &body_);
        ++header.count;
      }
      const std::string& codec = adaptive_ ? (writer_busy.load(std::memory_order_relaxed) ? kLz4 : kNone) : flag_;
      const Slice stored = codec_.Compress(codec, body_, &compressed_);
      header.last_cursor = head;
      header.plain_bytes = body_.size();
      header.compressed = stored.data() != body_.data();
      header.commit = shared_->position;
      header.checksum = XXH3_64bits(stored.data(), stored.size());
      const std::string key = Key(instance, head);
      const Slice key_part(key), value_parts[] = {Slice(reinterpret_cast<char*>(&header), sizeof header), stored};
      Check(batch->Put(store_->slices.back().get(), rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2)), "put");
      payload += body_.size();
      shared_->events += header.count;
      slice_bytes_ += stored.size() + kHeaderBytes;
    }
    Check(batch->Put(store_->commits.get(), Key(0, ++shared_->position), std::string(40, 'c')), "put of the commit");
    shared_->payload_bytes += payload;
    if (Is("layout", "timesliced") && slice_bytes_ > uint64_t(Int("slice_mb")) << 20) {
      store_->AddSlice();
      slice_bytes_ = 0;
    }
  }

 private:
  const Corpus& corpus_;
  Codec codec_;
  Store* const store_;
  Shared* const shared_;
  const std::string kLz4 = "lz4", kNone = "none", flag_ = flags["codec"];
  const bool adaptive_ = flag_ == "adaptive";
  const int per_append_ = Int("events_per_append"), per_commit_ = Int("appends_per_commit");
  std::mt19937_64 random_{42};
  std::string body_, compressed_;
  uint64_t slice_bytes_ = 0;
};

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

// The write phase. One batch builds while the last one syncs; never more than one write is unsynced.
[[noreturn]] void Load(const Corpus& corpus, Shared* shared) {
  Store store;
  store.Open();
  Builder builder(corpus, &store, shared);
  std::mutex mu;
  std::condition_variable changed;
  rocksdb::WriteBatch handed, building;
  std::atomic<bool> busy{false}, stop{false};
  std::vector<double> latency_ms;
  double committer_cpu = 0;
  std::thread writer([&] {
    for (std::unique_lock lock(mu);; busy = false, changed.notify_all()) {
      changed.wait(lock, [&] { return busy || stop; });
      if (!busy) break;
      lock.unlock();
      const double start = Now();
      Check(store.db->Write(Synced(), &handed), "write");
      latency_ms.push_back((Now() - start) * 1e3);
      lock.lock();
    }
    committer_cpu += CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  });
  // Events that the front threads have made ready; they may run 32,768 events (20 MiB) ahead.
  std::atomic<int64_t> ready{0};
  const double front_us = std::stod(flags["front_us"]);
  std::vector<std::thread> front;
  for (int i = 0; i < (front_us > 0 ? 2 : 0); ++i) {
    front.emplace_back([&] {
      while (!stop) {
        while (ready > 32768 && !stop) usleep(100);
        const double end = CpuSeconds(CLOCK_THREAD_CPUTIME_ID) + front_us * 512e-6;
        while (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) < end) {}
        ready += 512;
      }
    });
  }
  const double start = Now(), cpu_start = CpuSeconds(CLOCK_THREAD_CPUTIME_ID), process_start = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  const uint64_t io_start = DeviceBytesWritten();
  std::vector<uint64_t> per_second(Int("seconds") + 1);
  double next_size_check = start + 1;
  while (Now() - start < Int("seconds")) {
    while (front_us > 0 && ready < 6144) usleep(50);
    const uint64_t before = shared->events;
    builder.Build(busy, &building);
    ready -= int64_t(shared->events - before);
    std::unique_lock lock(mu);
    changed.wait(lock, [&] { return !busy; });
    std::swap(handed, building);
    building.Clear();
    busy = true;
    changed.notify_all();
    lock.unlock();
    if (const size_t second = size_t(Now() - start); second < per_second.size()) per_second[second] += shared->events - before;
    if (Now() > next_size_check) {
      if (DirectoryBytes(false) > uint64_t(Int("stored_gb_max")) * 1000000000) break;
      next_size_check = Now() + 1;
    }
  }
  {
    std::unique_lock lock(mu);
    changed.wait(lock, [&] { return !busy; });
    stop = true;
    changed.notify_all();
  }
  const double last_done = Now() - start;
  writer.join();
  for (auto& thread : front) thread.join();
  committer_cpu += CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
  const double events = double(shared->events), payload = double(shared->payload_bytes);
  const auto cpu = [&] { return (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - process_start) / events * 1e6; };  // With the front threads'.
  const auto written = [&] { return (DeviceBytesWritten() - io_start) / payload; };
  Print("seconds", last_done);
  Print("events_per_s", events / last_done);
  Print("payload_mb_per_s", payload / last_done / 1e6);
  Print("payload_gb", payload / 1e9);
  Print("worst_second_events", double(*std::min_element(per_second.begin() + 1, per_second.begin() + std::max(2, int(last_done)))));
  Print("commit_p50_ms", Percentile(latency_ms, 0.5));
  Print("commit_p99_ms", Percentile(latency_ms, 0.99));
  Print("commit_max_ms", Percentile(latency_ms, 1));
  Print("committer_cpu_us_per_event", committer_cpu / events * 1e6);
  Print("load_cpu_us_per_event", cpu());
  Print("written_per_payload_at_end_of_load", written());
  // What the load still owes: the last memtable and the compactions behind it.
  Check(store.db->Flush(rocksdb::FlushOptions(), store.slices.back().get()), "flush");
  const double drain = Now();
  store.WaitUntilIdle(90);
  Print("drain_s", Now() - drain);
  Print("total_cpu_us_per_event", cpu());
  Print("written_per_payload", written());
  const auto ticker = [&](uint32_t t) { return store.statistics->getTickerCount(t) / payload; };
  Print("wal_per_payload", ticker(rocksdb::WAL_FILE_BYTES));
  Print("flush_per_payload", ticker(rocksdb::FLUSH_WRITE_BYTES));
  Print("compaction_per_payload", ticker(rocksdb::COMPACT_WRITE_BYTES));
  Print("blob_per_payload", ticker(rocksdb::BLOB_DB_BLOB_FILE_BYTES_WRITTEN));
  Print("stall_s", store.statistics->getTickerCount(rocksdb::STALL_MICROS) / 1e6);
  Print("stored_bytes_per_event", DirectoryBytes(false) / events);
  // Fill the log to just below its bound, so that the restart is the worst one.
  for (const uint64_t until = shared->payload_bytes + (1 << 30);
       DirectoryBytes(true) < (235u << 20) && shared->payload_bytes < until; building.Clear()) {
    builder.Build(busy, &building);
    Check(store.db->Write(Synced(), &building), "write");
  }
  Print("wal_mb_at_kill", DirectoryBytes(true) / 1e6);
  std::fflush(stdout);
  _exit(0);  // Nothing is closed or flushed, as after kill -9.
}

// Reads events of `instance` from `first` on until `bytes_max`, checks and decompresses every block, returns plain bytes.
uint64_t Read(Store& store, Codec& codec, uint64_t instance, uint64_t first, uint64_t bytes_max) {
  rocksdb::ReadOptions options;
  const std::string upper = Key(instance + 1, 0);
  const Slice upper_slice(upper);
  options.iterate_upper_bound = &upper_slice;
  options.verify_checksums = false;  // The block's own checksum covers it.
  options.fill_cache = false;
  options.readahead_size = bytes_max > kBlockBytes ? 2 << 20 : 0;
  std::string plain;
  uint64_t bytes = 0, expected = 0;
  // An instance's cursors grow from slice to slice: walk them in order, from the last one that starts at or below `first`.
  size_t from = 0, to = store.slices.size();
  while (to - from > 1) {
    const size_t middle = (from + to) / 2;
    std::unique_ptr<rocksdb::Iterator> it(store.db->NewIterator(options, store.slices[middle].get()));
    it->Seek(Key(instance, 0));
    const bool at_or_below = it->Valid() && reinterpret_cast<const Header*>(it->value().data())->first_cursor <= first;
    (at_or_below ? from : to) = middle;
  }
  for (; from < store.slices.size() && bytes < bytes_max; ++from) {
    std::unique_ptr<rocksdb::Iterator> it(store.db->NewIterator(options, store.slices[from].get()));
    for (it->Seek(Key(instance, first)); it->Valid() && bytes < bytes_max; it->Next()) {
      Header header;
      std::memcpy(&header, it->value().data(), sizeof header);
      const Slice stored(it->value().data() + sizeof header, it->value().size() - sizeof header);
      bool good = XXH3_64bits(stored.data(), stored.size()) == header.checksum && CursorOf(it->key()) == header.last_cursor &&
                  (expected == 0 || expected == header.first_cursor);
      plain.resize(header.plain_bytes);
      if (header.compressed) good &= codec.Decompress(Is("codec", "adaptive") ? "lz4" : flags["codec"], stored, &plain);
      else std::memcpy(plain.data(), stored.data(), stored.size());
      if (!good) Check(rocksdb::Status::Corruption("block"), "read");
      expected = header.last_cursor + 1;
      bytes += plain.size();
    }
    Check(it->status(), "iterator");
  }
  return bytes;
}

// The phases after the kill: reopen, replay, seek, trim.
void Inspect(const Corpus& corpus, const Shared& shared) {
  if (Int("drop_caches")) std::ofstream("/proc/sys/vm/drop_caches") << "3";
  const int instances = Int("instances");
  const uint64_t io_start = DeviceBytesWritten();
  double start = Now();
  Store store;
  store.Open();
  Print("reopen_s", Now() - start);
  Print("reopen_written_mb", (DeviceBytesWritten() - io_start) / 1e6);
  Codec codec(corpus.dictionary);
  const uint64_t read_start = DeviceBytes("read_bytes:");
  start = Now();
  const uint64_t replayed = Read(store, codec, 0, 1, instances == 1 ? 4ull << 30 : ~0ull);
  Print("replay_mb_per_s", replayed / (Now() - start) / 1e6);
  Print("replay_mb", replayed / 1e6);
  Print("replay_device_mb", (DeviceBytes("read_bytes:") - read_start) / 1e6);  // What the page cache did not have.
  std::mt19937_64 random(7);
  std::vector<double> seek_ms;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t instance = random() % instances;
    start = Now();
    Read(store, codec, instance, 1 + random() % std::max<uint64_t>(1, shared.heads[instance]), kBlockBytes);
    seek_ms.push_back((Now() - start) * 1e3);
  }
  Print("seek_p50_ms", Percentile(seek_ms, 0.5));
  Print("seek_p99_ms", Percentile(seek_ms, 0.99));

  store.WaitUntilIdle(30);
  const uint64_t stored_before = DirectoryBytes(false), io_before = DeviceBytesWritten();
  start = Now();
  ColumnFamilyHandle* const events = store.slices[0].get();
  std::vector<std::string> bounds;
  if (Is("layout", "timesliced")) {
    std::vector<ColumnFamilyHandle*> old;
    for (size_t i = 0; i < store.slices.size() / 2; ++i) old.push_back(store.slices[i].get());
    Check(store.db->DropColumnFamilies(old), "drop");
    store.slices.erase(store.slices.begin(), store.slices.begin() + old.size());
  } else {
    rocksdb::WriteBatch batch;
    for (int i = 0; i < instances; ++i) {
      bounds.push_back(Key(i, 0));
      bounds.push_back(Key(i, shared.heads[i] / 2));
      Check(batch.DeleteRange(events, bounds[2 * i], bounds[2 * i + 1]), "delete range");
    }
    Check(store.db->Write(Synced(), &batch), "trim");
    Check(store.db->Flush(rocksdb::FlushOptions(), events), "flush");
    std::vector<Slice> slices(bounds.begin(), bounds.end());
    std::vector<rocksdb::RangePtr> ranges;
    for (int i = 0; i < instances; ++i) ranges.emplace_back(&slices[2 * i], &slices[2 * i + 1]);
    Check(rocksdb::DeleteFilesInRanges(store.db.get(), events, ranges.data(), ranges.size()), "delete files");
  }
  Print("trim_s", Now() - start);
  store.WaitUntilIdle(20);
  const auto came_back = [&] { return 1 - double(DirectoryBytes(false)) / stored_before; };
  Print("trim_settled_s", Now() - start);
  Print("trim_freed_share", came_back());
  Print("trim_written_mb", (DeviceBytesWritten() - io_before) / 1e6);
  if (Int("compact_after_trim") && !Is("layout", "timesliced")) {
    start = Now();
    Check(store.db->CompactRange(rocksdb::CompactRangeOptions(), events, nullptr, nullptr), "compact");
    Print("compact_s", Now() - start);
    Print("compact_freed_share", came_back());
    Print("compact_written_mb", (DeviceBytesWritten() - io_before) / 1e6);
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const size_t equals = flag.find('=');
    if (!flag.starts_with("--") || equals == std::string::npos || !flags.contains(flag.substr(2, equals - 2))) {
      std::fprintf(stderr, "unknown flag %s; see the table at the top of the source\n", argv[i]);
      return 2;
    }
    flags[flag.substr(2, equals - 2)] = flag.substr(equals + 1);
  }
  if (Int("instances") < 1 || Int("instances") > kInstancesMax) return 2;
  if (!std::filesystem::create_directories(flags["dir"])) {
    std::fprintf(stderr, "%s exists; a run makes its own store and removes it\n", flags["dir"].c_str());
    return 2;
  }
  const Corpus corpus(flags["corpus"]);
  auto* shared = static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::printf("{\"layout\":\"%s\",\"codec\":\"%s\",\"sst\":\"%s\",\"instances\":%s,\"events_per_append\":%s", flags["layout"].c_str(),
              flags["codec"].c_str(), flags["sst"].c_str(), flags["instances"].c_str(), flags["events_per_append"].c_str());
  std::fflush(stdout);
  int status = 0;
  if (fork() == 0) Load(corpus, shared);  // No thread runs yet, so forking is safe.
  wait(&status);
  if (status == 0) Inspect(corpus, *shared);
  std::printf("}\n");
  std::filesystem::remove_all(flags["dir"]);
  return status == 0 ? 0 : 1;
}
