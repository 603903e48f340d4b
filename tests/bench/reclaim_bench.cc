// What reclaiming space costs appends: their latency before and during it, and how fast the disk gets the space back.
//
//   reclaim_bench DIR GIB [KEPT_PERCENT]
//
// Fills DIR (which must not exist) with GIB of incompressible events, so that stored bytes are payload bytes. They
// belong to 97 instances, except for KEPT_PERCENT (10 by default) that belong to one instance that keeps everything, so
// no slice is entirely dead. Then appends single events at 500 a second, open loop: first for ten seconds at rest,
// then, after a trim of the 97, until the space is back.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/storage/log_harness.h"
#include "tools/bench/latency_histogram.h"

namespace playhead::storage {
namespace {

using tools::LatencyHistogram;

constexpr int kInstances = 97;  // Not a divisor of 100: those that are trimmed lie in every slice.
constexpr size_t kEventBytes = 4000;
constexpr size_t kBatchEvents = 64;
constexpr absl::Duration kInterval = absl::Milliseconds(2);

uint64_t DiskBytes(const std::string& dir) {
  uint64_t bytes = 0;
  std::error_code gone;  // Files come and go.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, gone)) {
    const auto size = entry.file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

std::string Bulk(uint64_t i) { return absl::StrCat("bulk", i % kInstances); }

void Fill(LogHarness& log, uint64_t bytes, uint64_t kept_percent) {
  std::mt19937_64 random(1);
  std::string noise(1 << 20, '\0');
  for (char& c : noise) c = static_cast<char>(' ' + random() % 95);
  for (uint64_t batch = 0; batch * kBatchEvents * kEventBytes < bytes; ++batch) {
    std::vector<TestEvent> events(kBatchEvents);
    for (TestEvent& event : events) event.data = noise.substr(random() % (noise.size() - kEventBytes), kEventBytes);
    const std::string name = batch % 100 < kept_percent ? "kept" : Bulk(batch);
    if (!log.Append(name, events).ok()) std::abort();
  }
}

// Open loop: each append is due at its time, whatever became of those before it.
class Load {
 public:
  explicit Load(EventLog& log) : session_(log.NewAppendSession()) {}

  template <typename Done>
  LatencyHistogram Run(Done done) {
    auto latencies = std::make_unique<LatencyHistogram>();
    absl::Time due = absl::Now();
    uint64_t sent = 0;
    for (; !done(); due += kInterval) {
      absl::SleepFor(due - absl::Now());
      session_->Append(MakeBatch("load", {{.data = std::string(600, 'x')}}),
                       [this, due, &latencies](absl::StatusOr<AppendResult> result) {
                         if (!result.ok()) std::abort();
                         absl::MutexLock lock(&mu_);
                         latencies->Record(absl::Now() - due);
                       });
      ++sent;
    }
    absl::MutexLock lock(&mu_);
    const auto answered = [&] { return latencies->count() == sent; };
    mu_.Await(absl::Condition(&answered));
    return *latencies;
  }

 private:
  std::unique_ptr<AppendSession> session_;
  absl::Mutex mu_;
};

void Say(const char* what, const LatencyHistogram& latencies) {
  std::printf("%-22s %7llu appends  p50 %6.2f ms  p99 %6.2f ms  max %7.2f ms\n", what,
              static_cast<unsigned long long>(latencies.count()), absl::ToDoubleMilliseconds(latencies.Percentile(50)),
              absl::ToDoubleMilliseconds(latencies.Percentile(99)), absl::ToDoubleMilliseconds(latencies.max()));
}

int Main(int argc, char** argv) {
  if (argc < 3 || std::filesystem::exists(argv[1])) {
    std::fputs("usage: reclaim_bench NEW_DIR GIB [KEPT_PERCENT]\n", stderr);
    return 2;
  }
  const auto bytes = static_cast<uint64_t>(std::atof(argv[2]) * (1 << 30));
  StoreOptions options;
  options.data_dir = argv[1];
  if (bytes < uint64_t{8} << 30) options.slice_bytes = bytes / 8;
  LogHarness log(options);
  Fill(log, bytes, argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 10);
  Load load(log.log());
  // The last slices are still being merged: until that is over, it is not at rest.
  load.Run([end = absl::Now() + absl::Seconds(15)] { return absl::Now() >= end; });
  Say("at rest", load.Run([end = absl::Now() + absl::Seconds(10)] { return absl::Now() >= end; }));
  const uint64_t before = DiskBytes(options.data_dir);
  const absl::Time begin = absl::Now();
  for (int i = 0; i < kInstances; ++i) {
    if (!log.Trim(Bulk(static_cast<uint64_t>(i)),
                  Cursor(1 + log.Get(Bulk(static_cast<uint64_t>(i)))->bounds->head.value()))
             .ok()) {
      std::abort();
    }
  }
  // A round that drops nothing more is the end of it.
  const std::shared_ptr<Instance> trimmed = *log.Open(Bulk(0));
  uint64_t rounds = log.log().stats().reclaim_rounds;
  uint64_t dropped = 0;
  const LatencyHistogram during = load.Run([&] {
    const LogStats stats = log.log().stats();
    if (stats.reclaim_rounds == rounds) return false;
    rounds = stats.reclaim_rounds;
    log.log().Trim(trimmed, Cursor(1), [](absl::Status) {});  // Nothing more to trim; but it asks for another round.
    return std::exchange(dropped, stats.dropped_slices) == stats.dropped_slices && dropped > 0;
  });
  const absl::Duration took = absl::Now() - begin;
  Say("while reclaiming", during);
  const LogStats stats = log.log().stats();
  const uint64_t after = DiskBytes(options.data_dir);
  std::printf("disk %.2f -> %.2f GiB in %.1f s; %llu slices dropped, %.2f GiB moved\n",
              static_cast<double>(before) / (1 << 30), static_cast<double>(after) / (1 << 30),
              absl::ToDoubleSeconds(took), static_cast<unsigned long long>(stats.dropped_slices),
              static_cast<double>(stats.moved_bytes) / (1 << 30));
  return 0;
}

}  // namespace
}  // namespace playhead::storage

int main(int argc, char** argv) { return playhead::storage::Main(argc, argv); }
