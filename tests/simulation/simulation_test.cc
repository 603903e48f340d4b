// Many lives of a store, one for each seed. PLAYHEAD_TEST_SEED=N runs that seed alone. PLAYHEAD_SOAK runs 10,000 seeds,
// and PLAYHEAD_SEEDS=N runs N.
#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

constexpr uint64_t kSeeds = 200;
constexpr uint64_t kSoakSeeds = 10'000;

// Lives at once: they mostly wait, for a disk that is broken to be tried again.
constexpr size_t kThreads = 40;

// Simulates seeds until one shows a broken rule.
class Simulations {
 public:
  void Run(uint64_t first, uint64_t last) {
    next_ = first;
    // One pool of threads serves all stores, and a thread of it waits for a second after a disk has failed it.
    for (const auto pool : {rocksdb::Env::LOW, rocksdb::Env::HIGH}) {
      rocksdb::Env::Default()->SetBackgroundThreads(static_cast<int>(kThreads), pool);
    }
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([this, last] {
        for (uint64_t seed = next_++; seed <= last && !failed_; seed = next_++) RunOne(seed);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void RunOne(uint64_t seed) {
    const SimulationReport report = Simulate({.seed = seed});
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(report.violations.empty()) << "PLAYHEAD_TEST_SEED=" << seed << "\n"
                                           << absl::StrJoin(report.violations, "\n");
    if (!report.violations.empty()) failed_ = true;
    ++seeds_;
    total_.acknowledged += report.acknowledged;
    total_.followed += report.followed;
    total_.power_cuts += report.power_cuts;
    total_.disk_faults += report.disk_faults;
    total_.reopenings += report.reopenings;
    total_.points += report.points;
    total_.restored += report.restored;
    total_.bit_rot.flips += report.bit_rot.flips;
    total_.bit_rot.refused += report.bit_rot.refused;
    total_.bit_rot.told += report.bit_rot.told;
    total_.bit_rot.harmless += report.bit_rot.harmless;
  }

  // So many lives see everything that can go wrong, and acknowledge something all the same.
  void ExpectAllWasTried() {
    absl::MutexLock lock(&mu_);
    EXPECT_GT(total_.acknowledged, 100 * seeds_);
    EXPECT_GT(total_.power_cuts, seeds_);
    EXPECT_GT(total_.disk_faults, seeds_);
    EXPECT_GT(total_.followed, total_.acknowledged);
    EXPECT_GT(total_.reopenings, 0u);
    EXPECT_GT(total_.restored, seeds_ / 2);
    EXPECT_GT(total_.bit_rot.refused, 0u);
    EXPECT_GT(total_.bit_rot.told, 0u);
    EXPECT_GT(total_.bit_rot.harmless, 0u);
  }

  void Print() {
    absl::MutexLock lock(&mu_);
    std::cout << seeds_ << " seeds: " << total_.acknowledged << " events acknowledged, " << total_.followed
              << " given to followers, " << total_.power_cuts << " power cuts, " << total_.disk_faults
              << " faults planned, " << total_.reopenings << " reopenings within a run, " << total_.points
              << " points of backups (" << total_.restored << " restored), " << total_.bit_rot.flips
              << " bits flipped (" << total_.bit_rot.refused << " refused, " << total_.bit_rot.told
              << " told by a verification, " << total_.bit_rot.harmless << " harmless)" << std::endl;
  }

 private:
  std::atomic<uint64_t> next_{0};
  std::atomic<bool> failed_{false};
  absl::Mutex mu_;
  uint64_t seeds_ ABSL_GUARDED_BY(mu_) = 0;
  SimulationReport total_ ABSL_GUARDED_BY(mu_);
};

TEST(SimulationTest, NothingIsLostReorderedRepeatedOrWrongWhateverTheDiskDoes) {
  Simulations simulations;
  if (std::getenv("PLAYHEAD_TEST_SEED") != nullptr) {
    simulations.RunOne(testing::TestSeed());
  } else {
    simulations.Run(1, testing::SeedCount(kSeeds, kSoakSeeds));
    simulations.ExpectAllWasTried();
  }
  simulations.Print();
}

}  // namespace
}  // namespace playhead::storage
