// The simulation must find each of these planted bugs within its first seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <utility>

#include "tests/simulation/simulation.h"

namespace playhead::storage {
namespace {

constexpr uint64_t kSeedsMax = 50;

void ExpectCaught(SimulationOptions planted) {
  for (uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    planted.seed = seed;
    const SimulationReport report = Simulate(planted);
    if (report.violations.empty()) continue;
    std::cout << "caught by seed " << seed << ": " << report.violations.front() << std::endl;
    return;
  }
  ADD_FAILURE() << "not caught within " << kSeedsMax << " seeds";
}

TEST(PlantedBugsTest, ASyncThatIsSkippedIsCaught) { ExpectCaught({.log_syncs_lie = true}); }

TEST(PlantedBugsTest, AnAcknowledgementBeforeTheSyncIsCaught) { ExpectCaught({.durability = Durability::kOs}); }

TEST(PlantedBugsTest, ABlockThatIsDroppedIsCaught) {
  int reads = 0;
  ExpectCaught({.tamper_with_read = [&reads](ReadResult& result) {
    if (++reads % 20 == 0 && !result.slices.empty()) result.slices.erase(result.slices.begin());
  }});
}

TEST(PlantedBugsTest, ASeamThatIsOffByOneIsCaught) {
  ExpectCaught({.tamper_with_read = [](ReadResult& result) {
    if (!result.end_reached) result.next = result.next + 1;
  }});
}

TEST(PlantedBugsTest, BlocksOutOfOrderAreCaught) {
  ExpectCaught({.tamper_with_read = [](ReadResult& result) {
    if (result.slices.size() > 1) std::swap(result.slices[0], result.slices[1]);
  }});
}

TEST(PlantedBugsTest, ABlockThatComesTwiceIsCaught) {
  ExpectCaught({.tamper_with_read = [](ReadResult& result) {
    if (!result.slices.empty()) result.slices.push_back(result.slices.back());
  }});
}

TEST(PlantedBugsTest, ABlockThatAReaderOfManyIsNotGivenIsCaught) {
  std::atomic<int> reads = 0;
  ExpectCaught({.tamper_with_many_read = [&reads](ManyReadResult& result) {
    if (++reads % 20 != 0 || result.parts.empty() || result.parts.front().slices.empty()) return;
    result.parts.front().slices.erase(result.parts.front().slices.begin());
  }});
}

TEST(PlantedBugsTest, InstancesThatComeToAReaderOfManyOutOfOrderAreCaught) {
  ExpectCaught({.tamper_with_many_read = [](ManyReadResult& result) {
    if (result.parts.size() > 2) std::swap(result.parts.front().slices, result.parts.back().slices);
  }});
}

TEST(PlantedBugsTest, AReaderThatGoesOnOneTooFarAfterARestartIsCaught) {
  ExpectCaught({.tamper_with_resume = [](Cursor& after) { after = after + 1; }});
}

TEST(PlantedBugsTest, AReaderThatGoesOnOneTooEarlyAfterARestartIsCaught) {
  ExpectCaught({.tamper_with_resume = [](Cursor& after) {
    if (after.sequence() > 1) after = Cursor(after.value() - 1);
  }});
}

TEST(PlantedBugsTest, ABackupWithoutTheLastCommitsIsCaught) { ExpectCaught({.restore_older_point = true}); }

}  // namespace
}  // namespace playhead::storage
