// Concurrent clients of the same instances get answers that one log could have given. PLAYHEAD_SOAK runs many seeds.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/history/concurrent_clients.h"
#include "tests/support/seed.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

TEST(ConcurrentTest, OneLogCouldHaveAnsweredThemAll) {
  constexpr uint64_t kSoakSeeds = 500;
  const uint64_t first_seed = testing::TestSeed();
  const uint64_t seeds = testing::SeedCount(1, kSoakSeeds);
  for (uint64_t seed = first_seed; seed < first_seed + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    testing::TestServer server;
    testing::ConcurrentClients(server.server().grpc_address()).Run(seed, [] {});
  }
}

}  // namespace
}  // namespace playhead
