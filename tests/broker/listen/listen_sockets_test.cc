#include "broker/listen/listen_sockets.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/support/held_socket.h"

namespace playhead::broker {
namespace {

using testing::HeldSocket;

TEST(ListenSocketsTest, OfANameAllAddressesMustBeFree) {
  const HeldSocket other;  // On 127.0.0.1, one of the addresses of localhost.
  const std::string taken = absl::StrCat("localhost", absl::StripPrefix(other.address(), "127.0.0.1"));
  const auto sockets = ListenSockets::Open(taken);
  EXPECT_EQ(sockets.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(sockets.status().message().find("in use"), std::string::npos) << sockets.status();
}

TEST(ListenSocketsTest, APortThatIsFreeIsTheSameOnAllAddresses) {
  const auto sockets = ListenSockets::Open("localhost:0");
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  EXPECT_GE(sockets->fds().size(), 1u);
  EXPECT_EQ(sockets->address().substr(0, 10), "localhost:");
  EXPECT_NE(sockets->address(), "localhost:0");
  // A second listener on the same address is refused.
  EXPECT_FALSE(ListenSockets::Open(sockets->address()).ok());
}

}  // namespace
}  // namespace playhead::broker
