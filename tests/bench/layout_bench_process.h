// The flags of layout_bench, and measurements of its own process. A part of that program, not for other use.
#ifndef PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_PROCESS_H_
#define PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_PROCESS_H_

#include <rocksdb/slice.h>
#include <rocksdb/status.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace playhead::layout_bench {

using rocksdb::Slice;

inline constexpr uint64_t kCommitBytesMax = 4 << 20;  // Plain payload of one commit, as in the broker.
inline constexpr size_t kBlockBytes = 64 << 10;
inline constexpr size_t kHeaderBytes = 96;
inline constexpr int kInstancesMax = 1000;

inline std::map<std::string, std::string> flags = {
    {"layout", "leveled"},  // leveled | universal | blobdb | timesliced
    {"codec", "none"},      // none | lz4 | zstd1 | lz4dict | zstd1dict | adaptive (lz4 only while a sync is in flight)
    {"sst", "none"},        // RocksDB's own compression of SST blocks (or blob files): none | lz4 | zstd
    {"instances", "1"},     // 1: blocks of 64 KiB; more: one block an append
    {"events_per_append", "64"},  // with several instances
    {"appends_per_commit", "0"},  // 0: as many as fit 4 MiB
    {"seconds", "60"},            // the load stops at this time ...
    {"stored_gb_max", "10"},      // ... or at this size of the store
    {"runs", "8"},                // leveled and universal: L0 files, or sorted runs, that start a compaction
    {"slice_mb", "1024"},         // timesliced: stored bytes of a slice
    {"slices_max", "0"},          // timesliced: drop the oldest beyond this many during the load; 0: keep all
    {"avoid_flush_during_recovery", "0"},
    {"front_us", "0"},            // CPU per event spent by two other threads first: stands for client and gRPC
    {"compact_after_trim", "0"},  // also measure what getting all space back costs
    {"drop_caches", "0"},         // empty the page cache before reopening (root only)
    {"dir", "/tmp/layout_bench_store"},
    {"corpus", "tests/data/meta_webhooks.ndjson"}};
inline int Int(const std::string& name) { return std::stoi(flags.at(name)); }
inline bool Is(const char* name, const char* value) { return flags.at(name) == value; }

inline void Check(const rocksdb::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.ToString().c_str());
  _exit(1);
}

inline double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
inline double CpuSeconds(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

inline uint64_t DeviceBytes(
    const char* counter) {  // As the kernel counts them for this process; written: when pages become dirty.
  std::ifstream io("/proc/self/io");
  for (std::string name, value; io >> name >> value;) {
    if (name == counter) return std::stoull(value);
  }
  return 0;
}
inline uint64_t DeviceBytesWritten() { return DeviceBytes("write_bytes:"); }
inline uint64_t DirectoryBytes(bool wal) {
  uint64_t total = 0;
  for (const auto& entry : std::filesystem::directory_iterator(flags["dir"])) {
    std::error_code gone;  // RocksDB deletes files meanwhile.
    const std::string extension = entry.path().extension();
    if (wal ? extension == ".log" : extension == ".sst" || extension == ".blob") total += entry.file_size(gone);
  }
  return total;
}
inline double Percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, size_t(p * values.size()))];
}
inline void Print(const char* name, double value) { std::printf(",\"%s\":%.5g", name, value); }

inline std::string Key(uint64_t instance, uint64_t cursor) {
  std::string key(14, '\0');
  for (int i = 0; i < 6; ++i) key[i] = char(instance >> (40 - 8 * i));
  for (int i = 0; i < 8; ++i) key[6 + i] = char(cursor >> (56 - 8 * i));
  return key;
}
inline uint64_t CursorOf(Slice key) {
  uint64_t cursor = 0;
  for (int i = 6; i < 14; ++i) cursor = cursor << 8 | uint8_t(key[i]);
  return cursor;
}

}  // namespace playhead::layout_bench

#endif  // PLAYHEAD_TESTS_BENCH_LAYOUT_BENCH_PROCESS_H_
