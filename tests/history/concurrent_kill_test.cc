// As concurrent_test, while the broker is killed and restarted. PLAYHEAD_SOAK runs many seeds. A seed determines what
// the clients do and roughly when the broker is killed, but not the order in which the clients are served.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "tests/history/concurrent_clients.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using testing::BrokerProcess;
using testing::ConcurrentClients;

constexpr size_t kKills = 3;
constexpr uint64_t kSoakSeeds = 500;

std::unique_ptr<BrokerProcess> Start(const testing::TempDir& folder, const std::string& listen) {
  auto broker = std::make_unique<BrokerProcess>(folder.path(), listen);
  if (broker->address().empty()) std::abort();  // Everybody would wait for it.
  return broker;
}

TEST(ConcurrentKillTest, OneLogCouldHaveAnsweredThemAllThoughTheBrokerIsKilled) {
  const uint64_t first_seed = testing::TestSeed();
  const uint64_t seeds = testing::SeedCount(1, kSoakSeeds);
  for (uint64_t seed = first_seed; seed < first_seed + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    const testing::TempDir folder;
    const testing::HeldSocket socket;
    std::unique_ptr<BrokerProcess> broker = Start(folder, socket.listen());
    testing::Random random(seed);
    ConcurrentClients clients(socket.address());
    clients.Run(seed, [&] {
      constexpr size_t kApart = ConcurrentClients::kAppends / kKills;
      for (size_t i = 0; i < kKills; ++i) {
        clients.AwaitAppends(i * kApart + random.Below(kApart));
        broker->Kill();
        broker = Start(folder, socket.listen());
      }
    });
  }
}

}  // namespace
}  // namespace playhead
