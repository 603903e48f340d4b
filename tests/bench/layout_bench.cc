// layout_bench writes blocks the way the broker's committer does and measures what a storage layout costs: bytes
// written per payload byte, throughput and its worst second, commit latency, CPU, replay, seeks, restart after a kill,
// trim.
//
//   bazel build //tests/bench:layout_bench
//   bazel-bin/tests/bench/layout_bench --layout=timesliced --codec=lz4 --instances=1000 --seconds=60 --dir=/tmp/layout
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

#include "tests/bench/layout_bench_corpus.h"
#include "tests/bench/layout_bench_process.h"
#include "tests/bench/layout_bench_store.h"

namespace playhead::layout_bench {
namespace {

struct Shared {  // What the writing child leaves to its parent.
  uint64_t heads[kInstancesMax];
  uint64_t position, events, payload_bytes;
};

// Builds commits as the committer does: for each append, copy its events into a block, compress it once, put it.
class Builder {
 public:
  Builder(const Corpus& corpus, Store* store, Shared* shared)
      : corpus_(corpus), codec_(corpus.dictionary), store_(store), shared_(shared) {}

  // Blocks are compressed under "adaptive" only while `writer_busy`: then the batch would have waited for the sync
  // anyhow.
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
      Check(batch->Put(store_->slices.back().get(), rocksdb::SliceParts(&key_part, 1),
                       rocksdb::SliceParts(value_parts, 2)),
            "put");
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
        while (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) < end) {
        }
        ready += 512;
      }
    });
  }
  const double start = Now(), cpu_start = CpuSeconds(CLOCK_THREAD_CPUTIME_ID),
               process_start = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
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
    if (const size_t second = size_t(Now() - start); second < per_second.size())
      per_second[second] += shared->events - before;
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
  const auto cpu = [&] {
    return (CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - process_start) / events * 1e6;
  };  // With the front threads'.
  const auto written = [&] { return (DeviceBytesWritten() - io_start) / payload; };
  Print("seconds", last_done);
  Print("events_per_s", events / last_done);
  Print("payload_mb_per_s", payload / last_done / 1e6);
  Print("payload_gb", payload / 1e9);
  Print("worst_second_events",
        double(*std::min_element(per_second.begin() + 1, per_second.begin() + std::max(2, int(last_done)))));
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

// Reads events of `instance` from `first` on until `bytes_max`, checks and decompresses every block, returns plain
// bytes.
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
  // An instance's cursors grow from slice to slice: walk them in order, from the last one that starts at or below
  // `first`.
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
      bool good = XXH3_64bits(stored.data(), stored.size()) == header.checksum &&
                  CursorOf(it->key()) == header.last_cursor && (expected == 0 || expected == header.first_cursor);
      plain.resize(header.plain_bytes);
      if (header.compressed)
        good &= codec.Decompress(Is("codec", "adaptive") ? "lz4" : flags["codec"], stored, &plain);
      else
        std::memcpy(plain.data(), stored.data(), stored.size());
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

int Main(int argc, char** argv) {
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
  auto* shared =
      static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::printf("{\"layout\":\"%s\",\"codec\":\"%s\",\"sst\":\"%s\",\"instances\":%s,\"events_per_append\":%s",
              flags["layout"].c_str(), flags["codec"].c_str(), flags["sst"].c_str(), flags["instances"].c_str(),
              flags["events_per_append"].c_str());
  std::fflush(stdout);
  int status = 0;
  if (fork() == 0) Load(corpus, shared);  // No thread runs yet, so forking is safe.
  wait(&status);
  if (status == 0) Inspect(corpus, *shared);
  std::printf("}\n");
  std::filesystem::remove_all(flags["dir"]);
  return status == 0 ? 0 : 1;
}

}  // namespace
}  // namespace playhead::layout_bench

int main(int argc, char** argv) { return playhead::layout_bench::Main(argc, argv); }
