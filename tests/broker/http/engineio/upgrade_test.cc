// Sessions that upgrade from polling to a WebSocket, and sessions that do not.
#include <gtest/gtest.h>

#include <boost/asio/socket_base.hpp>
#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/http/engineio/session.h"
#include "tests/broker/http/engineio/echo_fixture.h"
#include "tests/support/raw_websocket.h"

namespace playhead::broker::http::engineio {
namespace {

using playhead::testing::RawWebSocket;

class UpgradeTest : public EchoFixture {
 protected:
  // Opens a WebSocket of the session.
  void Open(RawWebSocket& socket, const std::string& id) {
    ASSERT_EQ(socket.Connect(Target(absl::StrCat("EIO=4&transport=websocket&sid=", id))).status, 101);
  }
  // And has it answer, so that the session waits for the client's word to go over.
  void Probe(RawWebSocket& socket, const std::string& id) {
    ASSERT_NO_FATAL_FAILURE(Open(socket, id));
    ASSERT_TRUE(socket.SendText("2probe"));
    ASSERT_EQ(socket.ReceiveMessage().payload, "3probe");
  }
};

TEST_F(UpgradeTest, AWebSocketTakesOverFromThePoll) {
  Serve();
  const std::string id = OpenSession();
  HttpConnection poll(address());
  poll.Send(absl::StrCat("GET ", SessionTarget(id), " HTTP/1.1\r\n", poll.host_header(), "\r\n"));
  poll.socket().wait(boost::asio::socket_base::wait_read);  // For the head: from then on the poll waits.
  RawWebSocket socket(address());
  ASSERT_NO_FATAL_FAILURE(Probe(socket, id));
  EXPECT_EQ(poll.Receive().status, 200);
  EXPECT_EQ(poll.ReceiveBytes(11), "1\r\n6\r\n0\r\n\r\n") << "it ends without a message";
  EXPECT_EQ(Post(id, "4before").status, 200);
  socket.SendText("5");
  EXPECT_EQ(socket.ReceiveMessage().payload, "4before");
  socket.SendText("4after");
  EXPECT_EQ(socket.ReceiveMessage().payload, "4after");
  EXPECT_EQ(Poll(id).status, 400) << "the session is polled no more";
  EXPECT_EQ(Post(id, "4x").status, 400);
  socket.SendText("4still there");
  EXPECT_EQ(socket.ReceiveMessage().payload, "4still there");
}

TEST_F(UpgradeTest, WhatIsNotFinishedInTimeIsDroppedAndPollingGoesOn) {
  options_.upgrade_timeout = absl::Milliseconds(20);
  Serve();
  const std::string id = OpenSession();
  RawWebSocket socket(address());
  ASSERT_NO_FATAL_FAILURE(Open(socket, id));
  EXPECT_TRUE(socket.ReceiveMessage().ended);
  EXPECT_EQ(Post(id, "4hello").status, 200);
  EXPECT_EQ(Poll(id).body, "4hello");
  EXPECT_EQ(server_->session_count(), 1u);
}

TEST_F(UpgradeTest, WhatBeginsOtherwiseIsDroppedAndPollingGoesOn) {
  Serve();
  const std::string id = OpenSession();
  for (const char* frame : {"4hello", "2other", "x"}) {
    RawWebSocket socket(address());
    ASSERT_NO_FATAL_FAILURE(Open(socket, id));
    socket.SendText(frame);
    EXPECT_TRUE(socket.ReceiveMessage().ended) << frame;
  }
  EXPECT_EQ(Post(id, "4hello").status, 200);
  EXPECT_EQ(Poll(id).body, "4hello");
}

TEST_F(UpgradeTest, AWebSocketThatIsLostBeforeItsProbeWasAnsweredLeavesTheSessionAsItWas) {
  Serve();
  const std::string id = OpenSession();
  {
    RawWebSocket socket(address());
    ASSERT_NO_FATAL_FAILURE(Open(socket, id));
  }
  // Until its end is seen the lost one is in the way.
  for (;;) {
    RawWebSocket next(address());
    ASSERT_NO_FATAL_FAILURE(Open(next, id));
    next.SendText("2probe");
    if (next.ReceiveMessage().payload != "3probe") continue;
    next.SendText("5");
    next.SendText("4hello");
    EXPECT_EQ(next.ReceiveMessage().payload, "4hello");
    break;
  }
}

// Clients would neither poll again nor notice.
TEST_F(UpgradeTest, AWebSocketThatIsLostBetweenItsProbeAndTheUpgradeEndsTheSession) {
  Serve();
  std::string id;
  int status = 200;
  // The broker answers the poll itself if it sees only 100 ms later that the WebSocket is lost.
  for (int sessions = 1; status == 200; ++sessions) {
    id = OpenSession();
    HttpConnection held(address());
    {
      RawWebSocket socket(address());
      ASSERT_NO_FATAL_FAILURE(Probe(socket, id));
      held.Send(absl::StrCat("GET ", SessionTarget(id), " HTTP/1.1\r\n", held.host_header(), "\r\n"));
    }
    status = held.Receive().status;
    AwaitEnded(sessions);
    ASSERT_LT(sessions, 1000);
  }
  EXPECT_EQ(status, 400);
  EXPECT_EQ(Poll(id).status, 400);
  EXPECT_EQ(server_->session_count(), 0u);
}

TEST_F(UpgradeTest, AnUpgradeThatDoesNotFollowItsProbeInTimeEndsTheSession) {
  options_.upgrade_timeout = absl::Milliseconds(20);
  Serve();
  for (;;) {  // Until the probe itself was in time.
    const std::string id = OpenSession();
    RawWebSocket socket(address());
    ASSERT_NO_FATAL_FAILURE(Open(socket, id));
    socket.SendText("2probe");
    if (socket.ReceiveMessage().payload != "3probe") continue;
    EXPECT_TRUE(socket.ReceiveMessage().ended);
    EXPECT_EQ(Poll(id).status, 400);
    break;
  }
}

TEST_F(UpgradeTest, AnAttemptHasItsWholeTimeAfterFailedOnes) {
  options_.upgrade_timeout = absl::Milliseconds(400);
  const auto timeout = absl::ToChronoNanoseconds(options_.upgrade_timeout);
  Serve();
  const std::string id = OpenSession();
  // The timer of the first of these, if it still runs, fires when half of the last attempt's time is over.
  const auto begun = std::chrono::steady_clock::now();
  do {
    RawWebSocket failed(address());
    ASSERT_NO_FATAL_FAILURE(Open(failed, id));
    failed.SendText("x");
    ASSERT_TRUE(failed.ReceiveMessage().ended);
  } while (std::chrono::steady_clock::now() - begun < timeout / 2);
  for (;;) {  // Until the probe itself was in time.
    const auto opened = std::chrono::steady_clock::now();
    RawWebSocket socket(address());
    ASSERT_NO_FATAL_FAILURE(Open(socket, id));
    socket.SendText("2probe");
    if (socket.ReceiveMessage().payload != "3probe") continue;
    EXPECT_TRUE(socket.ReceiveMessage().ended);
    EXPECT_GE(std::chrono::steady_clock::now() - opened, timeout) << "a timer of an earlier attempt ended the session";
    break;
  }
}

TEST_F(UpgradeTest, APollAmidAnUpgradeIsHeldAndThenEndsWithoutAMessage) {
  Serve();
  const std::string id = OpenSession();
  RawWebSocket socket(address());
  ASSERT_NO_FATAL_FAILURE(Probe(socket, id));
  EXPECT_EQ(Poll(id).body, "6") << "the upgrade did not come meanwhile";
  socket.SendText("5");
  socket.SendText("4hello");
  EXPECT_EQ(socket.ReceiveMessage().payload, "4hello");
}

TEST_F(UpgradeTest, OnlyOneWebSocketAtATimeMayTakeOver) {
  Serve();
  const std::string id = OpenSession();
  RawWebSocket first(address());
  ASSERT_NO_FATAL_FAILURE(Probe(first, id));
  RawWebSocket second(address());
  ASSERT_NO_FATAL_FAILURE(Open(second, id));
  EXPECT_EQ(second.ReceiveMessage().close_code(), kClosePolicy);
  first.SendText("5");
  first.SendText("4hello");
  EXPECT_EQ(first.ReceiveMessage().payload, "4hello");
  RawWebSocket third(address());
  ASSERT_NO_FATAL_FAILURE(Open(third, id));
  EXPECT_EQ(third.ReceiveMessage().close_code(), kClosePolicy);
  EXPECT_EQ(server_->session_count(), 1u);
}

TEST_F(UpgradeTest, ASessionMayBeginWithAWebSocket) {
  Serve();
  RawWebSocket socket(address());
  ASSERT_EQ(socket.Connect(Target("EIO=4&transport=websocket")).status, 101);
  const std::string open = socket.ReceiveMessage().payload;
  EXPECT_EQ(open.substr(29, 15), R"(","upgrades":[])") << open;
  socket.SendText("42");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(socket.ReceiveMessage().payload, "42");
  socket.SendText("1");
  AwaitEnded(1);
}

}  // namespace
}  // namespace playhead::broker::http::engineio
