// Clients of the same instances at once: one log could have answered them.
#include <gtest/gtest.h>

#include "tests/history/concurrent_clients.h"
#include "tests/support/seed.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

TEST(ConcurrentTest, OneLogCouldHaveAnsweredThemAll) {
  testing::TestServer server;
  testing::ConcurrentClients(server.server().grpc_address()).Run(testing::TestSeed(), [] {});
}

}  // namespace
}  // namespace playhead
