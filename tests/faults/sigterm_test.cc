// SIGTERM under load, again and again on one store: writers and readers get no errors but those that may be retried,
// and everything that was acknowledged is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iostream>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/load/load.h"
#include "tests/load/restarted_broker.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

// Appends that are acknowledged in each round before the broker is stopped.
constexpr uint64_t kAcknowledgedPerRound = 400;

TEST(SigtermTest, NothingAcknowledgedIsLostAndNobodyHearsAFinalError) {
  const int rounds = Soak() ? 300 : 6;
  RestartedBroker broker;
  ASSERT_NO_FATAL_FAILURE(broker.Start());
  Load load(broker.place());
  absl::Duration longest_stop;
  for (int round = 0; round < rounds; ++round) {
    EXPECT_TRUE(load.AwaitAcknowledged(kAcknowledgedPerRound));
    const absl::Time asked = absl::Now();
    EXPECT_EQ(broker.process().Terminate(), 0);
    longest_stop = std::max(longest_stop, absl::Now() - asked);
    ASSERT_NO_FATAL_FAILURE(broker.Start());
  }
  EXPECT_LT(longest_stop, absl::Minutes(2));
  const uint64_t acknowledged = load.Finish();
  std::cout << "stops " << rounds << ", acknowledged " << acknowledged << ", lost 0, longest stop " << longest_stop
            << std::endl;
}

}  // namespace
}  // namespace playhead::testing
