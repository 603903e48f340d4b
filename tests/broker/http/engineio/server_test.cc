#include "broker/http/engineio/server.h"

#include <gtest/gtest.h>

#include <boost/asio/socket_base.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/broker/http/engineio/echo_fixture.h"
#include "tests/support/raw_websocket.h"

namespace playhead::broker::http::engineio {
namespace {

using playhead::testing::RawWebSocket;
using ServerTest = EchoFixture;

TEST_F(ServerTest, TheHandshakeSaysHowToGoOn) {
  Serve();
  const HttpResponse response = HttpConnection(address()).Get(Target("EIO=4&transport=polling&t=abc"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.at("content-type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(response.headers.at("cache-control"), "no-store");
  EXPECT_EQ(response.body.substr(29),
            R"(","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  EXPECT_EQ(HttpConnection(address()).Get("/engine.io?EIO=4&transport=polling").status, 200);
}

TEST_F(ServerTest, BadRequestsAreAnsweredAsTheProtocolsOwnServerDoes) {
  Serve();
  const std::string id = OpenSession();
  const struct {
    const char* method;
    std::string query;
    int status;
    const char* body;
  } cases[] = {
      {"GET", "EIO=4", 400, R"({"code":0,"message":"Transport unknown"})"},
      {"GET", "EIO=4&transport=abc", 400, R"({"code":0,"message":"Transport unknown"})"},
      {"GET", "EIO=4&transport=polling&sid=nobody", 400, R"({"code":1,"message":"Session ID unknown"})"},
      {"POST", "EIO=4&transport=polling&sid=nobody", 400, R"({"code":1,"message":"Session ID unknown"})"},
      {"POST", "EIO=4&transport=polling", 400, R"({"code":2,"message":"Bad handshake method"})"},
      {"PUT", "EIO=4&transport=polling", 400, R"({"code":2,"message":"Bad handshake method"})"},
      {"HEAD", "EIO=4&transport=polling", 400, ""},
      {"GET", "EIO=4&transport=websocket", 400, R"({"code":3,"message":"Bad request"})"},
      {"GET", absl::StrCat("EIO=4&transport=websocket&sid=", id), 400, R"({"code":3,"message":"Bad request"})"},
      {"PUT", absl::StrCat("EIO=4&transport=polling&sid=", id), 400, R"({"code":3,"message":"Bad request"})"},
      {"GET", "transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})"},
      {"GET", "EIO=3&transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})"},
      {"GET", "EIO=abc&transport=polling", 400, R"({"code":5,"message":"Unsupported protocol version"})"},
  };
  for (const auto& [method, query, status, body] : cases) {
    const HttpResponse response = Request(method, Target(query), "");
    EXPECT_EQ(response.status, status) << method << " " << query;
    EXPECT_EQ(response.body, body) << method << " " << query;
  }
  EXPECT_EQ(HttpConnection(address()).Get("/engine.io/engine.io.js").status, 404);
  EXPECT_EQ(Post(id, "4still there").status, 200);
}

TEST_F(ServerTest, PythonThatPostsToASessionThatIsGoneSeesItsRequestFail) {
  Serve();
  const std::string body = "4a";
  HttpConnection connection(address());
  connection.Send(absl::StrCat("POST ", SessionTarget("nobody"), " HTTP/1.1\r\n", connection.host_header(),
                               "User-Agent: python-requests/2.28.1\r\nContent-Length: ", body.size(), "\r\n\r\n",
                               body));
  EXPECT_FALSE(absl::EndsWith(connection.ReceiveToEnd(), "0\r\n\r\n")) << "it has an answer";
}

TEST_F(ServerTest, WhatIsNoPacketEndsTheSession) {
  Serve();
  for (const char* body : {"", "abc",
                           "4a\x1e"
                           "9",
                           "2", "2probe", "0{}", "bé"}) {
    const std::string id = OpenSession();
    EXPECT_EQ(Post(id, body).status, 400) << body;
    EXPECT_EQ(Poll(id).status, 400) << body;
  }
  const std::string id = OpenSession();
  EXPECT_EQ(Post(id, "4a", "Content-Type: application/octet-stream\r\n").status, 400);
  EXPECT_EQ(Poll(id).status, 400);
  EXPECT_EQ(server_->session_count(), 0u);
}

TEST_F(ServerTest, ABodyThatIsTooLongEndsTheSession) {
  options_.payload_bytes_max = 1000;
  Serve();
  const std::string id = OpenSession();
  EXPECT_EQ(Post(id, absl::StrCat("4", std::string(999, 'x'))).status, 200);
  EXPECT_EQ(Poll(id).status, 200);
  EXPECT_EQ(Post(id, absl::StrCat("4", std::string(1000, 'x'))).status, 413);
  EXPECT_EQ(Poll(id).status, 400);
  EXPECT_EQ(Post(OpenSession(), std::string(2001, '4')).status, 413);
}

TEST_F(ServerTest, APollTakesSixteenPacketsAtMost) {
  Serve();
  const std::string id = OpenSession();
  EXPECT_EQ(Post(id, "440").status, 200);
  std::vector<size_t> counts;
  for (int i = 0; i < 3; ++i) {
    counts.push_back(std::vector<std::string>(absl::StrSplit(Poll(id).body, '\x1e')).size());
  }
  EXPECT_EQ(counts, (std::vector<size_t>{16, 16, 8}));
}

TEST_F(ServerTest, AClientThatDoesNotReadLosesItsSession) {
  options_.packets_buffered_max = 100;
  Serve();
  const std::string id = OpenSession();
  EXPECT_EQ(Post(id, "4100").status, 200);
  EXPECT_EQ(Post(id, "41").status, 400);
  AwaitEnded(1);
  EXPECT_EQ(Poll(id).status, 400);
}

TEST_F(ServerTest, TooManySessionsAreRefusedToBeTriedAgain) {
  options_.sessions_max = 2;
  Serve();
  OpenSession();
  const std::string id = OpenSession();
  const HttpResponse refused = HttpConnection(address()).Get(Target("EIO=4&transport=polling"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("x-retryable"), "true");
  EXPECT_EQ(Post(id, "1").status, 200);
  OpenSession();
}

TEST_F(ServerTest, ASessionThatIsNotPolledEnds) {
  options_.ping_interval = absl::Milliseconds(20);
  options_.ping_timeout = absl::Milliseconds(20);
  Serve();
  const std::string id = OpenSession();
  AwaitEnded(1);
  EXPECT_EQ(Poll(id).status, 400);
}

TEST_F(ServerTest, AClientThatGivesUpItsPollLosesItsSession) {
  Serve();
  const std::string id = OpenSession();
  {
    HttpConnection connection(address());
    connection.Send(absl::StrCat("GET ", SessionTarget(id), " HTTP/1.1\r\n", connection.host_header(), "\r\n"));
  }
  AwaitEnded(1);
  EXPECT_EQ(Poll(id).status, 400);
}

TEST_F(ServerTest, APollWaitsForAPacket) {
  Serve();
  const std::string id = OpenSession();
  HttpConnection connection(address());
  connection.Send(
      absl::StrCat("GET ", SessionTarget(id), " HTTP/1.1\r\n", connection.host_header(), "Connection: close\r\n\r\n"));
  connection.socket().wait(boost::asio::socket_base::wait_read);  // For the head: from then on the poll waits.
  EXPECT_EQ(Post(id, "4hello").status, 200);
  EXPECT_TRUE(absl::EndsWith(connection.ReceiveToEnd(), "\r\n\r\n6\r\n4hello\r\n0\r\n\r\n"));
}

TEST_F(ServerTest, APollFailsWhenTheServerStops) {
  Serve();
  const std::string id = OpenSession();
  HttpConnection connection(address());
  connection.Send(absl::StrCat("GET ", SessionTarget(id), " HTTP/1.1\r\n", connection.host_header(), "\r\n"));
  connection.socket().wait(boost::asio::socket_base::wait_read);  // For the head: from then on the poll waits.
  server_->Stop();
  AwaitEnded(1);
  EXPECT_FALSE(absl::EndsWith(connection.ReceiveToEnd(), "0\r\n\r\n")) << "the poll has an answer";
  EXPECT_EQ(HttpConnection(address()).Get(Target("EIO=4&transport=polling")).status, 503);
}

TEST_F(ServerTest, AWebSocketIsClosedWhenTheServerStopsAndPythonsEndsWithoutACloseFrame) {
  Serve();
  RawWebSocket socket(address());
  RawWebSocket python(address());
  ASSERT_EQ(socket.Connect(Target("EIO=4&transport=websocket")).status, 101);
  ASSERT_EQ(python.Connect(Target("transport=websocket&EIO=4&t=1770285600.125")).status, 101);
  EXPECT_EQ(socket.ReceiveMessage().payload.substr(0, 2), "0{");
  EXPECT_EQ(python.ReceiveMessage().payload.substr(0, 2), "0{");
  server_->Stop();
  EXPECT_EQ(socket.ReceiveMessage().close_code(), kCloseGoingAway);
  EXPECT_TRUE(python.ReceiveMessage().ended);
}

}  // namespace
}  // namespace playhead::broker::http::engineio
