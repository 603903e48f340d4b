// Many lives of a store with subscriptions, one for each seed (tests/broker/read/simulation/subscription_simulation.h).
// PLAYHEAD_TEST_SEED=N runs that seed alone. PLAYHEAD_SOAK runs 10,000 seeds, and PLAYHEAD_SEEDS=N runs N.
#include "tests/broker/read/simulation/subscription_simulation.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/seed.h"

namespace playhead::broker {
namespace {

constexpr uint64_t kSeeds = 40;
constexpr uint64_t kSoakSeeds = 10'000;
// How many lives run at once. They mostly wait for a broken disk to be retried.
constexpr size_t kThreads = 16;

// Simulates seeds until one breaks a rule.
class Simulations {
 public:
  void Run(uint64_t seeds) {
    // All stores share one thread pool, whose threads wait for a second after a disk error.
    for (const auto pool : {rocksdb::Env::LOW, rocksdb::Env::HIGH}) {
      rocksdb::Env::Default()->SetBackgroundThreads(static_cast<int>(kThreads), pool);
    }
    std::atomic<uint64_t> next = 1;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (uint64_t seed = next++; seed <= seeds && !failed_; seed = next++) RunOne(seed);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void RunOne(uint64_t seed) ABSL_LOCKS_EXCLUDED(mu_) {
    const SubscriptionSimulationReport report = SimulateSubscriptions({.seed = seed});
    absl::MutexLock lock(&mu_);
    EXPECT_TRUE(report.violations.empty()) << "PLAYHEAD_TEST_SEED=" << seed << "\n"
                                           << absl::StrJoin(report.violations, "\n");
    if (!report.violations.empty()) failed_ = true;
    ++seeds_;
    total_.acknowledged += report.acknowledged;
    total_.given += report.given;
    total_.resumes += report.resumes;
    total_.power_cuts += report.power_cuts;
    total_.disk_faults += report.disk_faults;
    total_.reopenings += report.reopenings;
    total_.fallbacks += report.fallbacks;
    total_.gaps += report.gaps;
    total_.deletions += report.deletions;
    total_.syncs += report.syncs;
    total_.appends.conditions_met += report.appends.conditions_met;
    total_.appends.conditions_refused += report.appends.conditions_refused;
    total_.appends.repeated += report.appends.repeated;
    total_.appends.tried_again += report.appends.tried_again;
    total_.appends.stored_before += report.appends.stored_before;
  }

  // So many lives see every kind of event.
  void ExpectAllWasTried() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    EXPECT_GT(total_.acknowledged, 100 * seeds_);
    EXPECT_GT(total_.given, total_.acknowledged);
    EXPECT_GT(total_.resumes, 10 * seeds_);
    EXPECT_GT(total_.power_cuts, seeds_);
    EXPECT_GT(total_.disk_faults, seeds_);
    EXPECT_GT(total_.reopenings, 0u);
    EXPECT_GT(total_.fallbacks, 0u);
    EXPECT_GT(total_.gaps, 0u);
    EXPECT_GT(total_.deletions, 0u);
    EXPECT_GT(total_.syncs, seeds_);
    EXPECT_GT(total_.appends.conditions_met, seeds_);
    EXPECT_GT(total_.appends.conditions_refused, seeds_);
    EXPECT_GT(total_.appends.repeated, seeds_);
    EXPECT_GT(total_.appends.stored_before, 0u);
  }

  void Print() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::cout << seeds_ << " seeds: " << total_.acknowledged << " events acknowledged, " << total_.given
              << " given to readers, who resumed " << total_.resumes << " times; " << total_.power_cuts
              << " power cuts, " << total_.disk_faults << " faults planned, " << total_.reopenings
              << " reopenings within a run; " << total_.fallbacks << " fell behind the tail, " << total_.gaps
              << " gaps, " << total_.deletions << " deletions, everybody awaited " << total_.syncs
              << " times; of conditional appends " << total_.appends.conditions_met << " were stored and "
              << total_.appends.conditions_refused << " refused, " << total_.appends.repeated << " appends repeated, "
              << total_.appends.tried_again << " tried again, of which " << total_.appends.stored_before
              << " had been stored" << std::endl;
  }

 private:
  std::atomic<bool> failed_{false};
  absl::Mutex mu_;
  uint64_t seeds_ ABSL_GUARDED_BY(mu_) = 0;
  SubscriptionSimulationReport total_ ABSL_GUARDED_BY(mu_);
};

TEST(SubscriptionSimulationTest, EverybodyIsGivenEverythingOnceInOrderWhateverTheDiskDoes) {
  Simulations simulations;
  if (std::getenv("PLAYHEAD_TEST_SEED") != nullptr) {
    simulations.RunOne(testing::TestSeed());
  } else {
    simulations.Run(testing::SeedCount(kSeeds, kSoakSeeds));
    if (!::testing::Test::HasFailure()) simulations.ExpectAllWasTried();
  }
  simulations.Print();
}

}  // namespace
}  // namespace playhead::broker
