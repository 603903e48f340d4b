// A process that appends until it is killed, and reports what was acknowledged: the victim of crash_test.
//
//   crash_writer DIR SEED [TRIMS]
//
// One append in TRIMS (300 by default) is followed by a trim of everything before it. A small TRIMS keeps the logs so
// short that slices are reclaimed all the time.
//
// Standard output has one line for each acknowledged append: instance, first cursor, count and the events' common
// prefix. Each line is written with one write(2), so that a kill cannot cut it.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace {

using playhead::storage::AppendBatch;
using playhead::storage::LogHarness;
using playhead::storage::TestEvent;

constexpr int kThreads = 4;
constexpr uint64_t kInstances = 6;

void Append(LogHarness& log, uint64_t seed, int thread, uint64_t trims) {
  playhead::testing::Random random(seed * kThreads + static_cast<uint64_t>(thread));
  for (int n = 0;; ++n) {
    const std::string instance = absl::StrCat("i", random.Below(kInstances));
    const std::string prefix = absl::StrCat(seed, ".", thread, ".", n, ".");
    std::vector<TestEvent> events;
    for (uint64_t count = 1 + random.Skewed(40); events.size() < count;) {
      const std::string size(random.Skewed(random.OneIn(20) ? 50'000 : 1000), 'x');
      events.push_back({.data = absl::StrCat(prefix, events.size(), ".", size)});
      if (random.OneIn(3)) events.back().id = absl::StrCat(prefix, events.size());
    }
    const auto result = log.Append(instance, events);
    if (!result.ok()) std::_Exit(1);
    const std::string line =
        absl::StrCat(instance, " ", result->first_new.value(), " ", events.size(), " ", prefix, "\n");
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(1);
    if (random.OneIn(trims)) log.Trim(instance, result->first_new).IgnoreError();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const uint64_t trims = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 300;
  playhead::storage::StoreOptions options;
  options.data_dir = argv[1];
  // Small, so that files are written, slices roll and logs are dropped while the kill comes.
  options.slice_bytes = 1'000'000;
  options.write_buffer_bytes = 400'000;
  options.wal_bytes_max = 1'000'000;
  LogHarness log(options);
  std::vector<std::thread> threads;
  const uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&log, seed, t, trims] { Append(log, seed, t, trims); });
  for (std::thread& thread : threads) thread.join();
}
