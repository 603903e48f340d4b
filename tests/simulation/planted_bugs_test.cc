// The simulation finds bugs: each of these is planted, and must be caught within a few seeds.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <utility>

#include "tests/simulation/simulation.h"

namespace playhead::storage {
namespace {

constexpr uint64_t kSeedsMax = 20;

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

}  // namespace
}  // namespace playhead::storage
