// The simulation of subscriptions must find each of these planted bugs at the seam between history and live events
// within its first seeds, by a violation that such a bug leads to: on a slow machine others may show up by chance.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/cursor.h"
#include "tests/broker/read/simulation/subscription_simulation.h"

namespace playhead::broker {
namespace {

constexpr uint64_t kSeedsMax = 50;
// How long to wait for an event that a bug has lost.
constexpr absl::Duration kPatience = absl::Seconds(5);

// Parts of the oracle's texts for what a bug leads to.
using Signs = absl::Span<const absl::string_view>;

// An event did not come: the next one came instead, or the reader was told that it has passed it.
constexpr absl::string_view kLost[] = {": a reader behind ", "did not come"};
constexpr absl::string_view kLostOrNotWoken[] = {": a reader behind ", "did not come", "hears nothing more"};
constexpr absl::string_view kRepeated[] = {" came to a reader behind "};

void ExpectFound(SubscriptionSimulationOptions planted, Signs signs) {
  planted.patience = kPatience;
  std::vector<std::string> others;
  for (uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    planted.seed = seed;
    const SubscriptionSimulationReport report = SimulateSubscriptions(planted);
    for (const std::string& violation : report.violations) {
      const auto in_it = [&](absl::string_view sign) { return absl::StrContains(violation, sign); };
      if (std::any_of(signs.begin(), signs.end(), in_it)) {
        std::cout << "found by seed " << seed << ": " << violation << std::endl;
        return;
      }
      others.push_back(violation);
    }
  }
  ADD_FAILURE() << "not found within " << kSeedsMax << " seeds, but: " << absl::StrJoin(others, "; ");
}

TEST(PlantedSeamBugsTest, ASubscriptionThatGoesLiveOneEventTooLateIsFound) {
  ExpectFound({.bug = SeamBug::kReadsSkipOne}, kLost);
}

TEST(PlantedSeamBugsTest, ASubscriptionThatGoesLiveOneEventTooEarlyIsFound) {
  ExpectFound({.bug = SeamBug::kReadsRepeatOne}, kRepeated);
}

TEST(PlantedSeamBugsTest, ASubscriptionToManyThatGoesLiveOneEventTooLateIsFound) {
  ExpectFound({.bug = SeamBug::kReadsOfManySkipOne}, kLost);
}

TEST(PlantedSeamBugsTest, ASubscriptionToManyThatIsGivenTheLastOfHistoryTwiceIsFound) {
  ExpectFound({.bug = SeamBug::kReadsOfManyRepeatOne}, kRepeated);
}

TEST(PlantedSeamBugsTest, ATailThatDropsABlockIsFound) {
  ExpectFound({.bug = SeamBug::kTailSkipsBlock}, kLostOrNotWoken);
}

TEST(PlantedSeamBugsTest, ACommitOfWhichNobodyIsToldIsFound) {
  ExpectFound({.bug = SeamBug::kTailTellsNobody}, kLostOrNotWoken);
}

TEST(PlantedSeamBugsTest, ADeletionOfWhichNobodyIsToldIsFound) {
  ExpectFound({.bug = SeamBug::kTailForgetsDeletion}, {"hears nothing more"});
}

TEST(PlantedSeamBugsTest, ATailThatAnnouncesBeforeTheSyncIsFound) {
  ExpectFound({.announces_unsynced = true}, {" and is lost"});
}

TEST(PlantedSeamBugsTest, ADiskThatDoesNotSyncIsFound) {
  ExpectFound({.log_syncs_lie = true}, {" and is lost", " has lost ", "the store does not open"});
}

TEST(PlantedSeamBugsTest, AReaderThatResumesOneTooFarIsFound) {
  // Beyond the head, the broker refuses it.
  ExpectFound({.tamper_with_resume = [](storage::Cursor& after) { after = after + 1; }},
              {": a reader behind ", "did not come", "was ended at"});
}

TEST(PlantedSeamBugsTest, AReaderThatResumesOneTooEarlyIsFound) {
  ExpectFound({.tamper_with_resume =
                   [](storage::Cursor& after) {
                     if (after.sequence() > 1) after = storage::Cursor(after.value() - 1);
                   }},
              kRepeated);
}

}  // namespace
}  // namespace playhead::broker
