// Writers and readers of every protocol on the real broker, which is killed with -9 at random moments, many times on
// one store.
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/load/load.h"
#include "tests/load/restarted_broker.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

TEST(ProtocolsKillTest, WhatAnyProtocolAcknowledgedReachesEveryReaderWhateverIsKilled) {
  Random random(TestSeed());
  const int rounds = Soak() ? 500 : 15;
  RestartedBroker broker;
  ASSERT_NO_FATAL_FAILURE(broker.Start());
  Load load(broker.place());
  for (int round = 0; round < rounds; ++round) {
    EXPECT_TRUE(load.AwaitAcknowledged(1 + random.Below(100)));
    // A sleep, since the moment of the kill is random; sometimes it comes before all clients have reconnected.
    absl::SleepFor(absl::Milliseconds(random.Skewed(1500)));
    broker.process().Kill();
    ASSERT_NO_FATAL_FAILURE(broker.Start()) << "round " << round;
  }
  const uint64_t acknowledged = load.Finish();
  std::cout << "kills " << rounds << ", acknowledged " << acknowledged << ", lost 0" << std::endl;
}

}  // namespace
}  // namespace playhead::testing
