// MultiWA's Socket.IO namespace as served by a whole broker, packet by packet. tests/compat/multiwa tests it with the
// clients' own library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/envelopes.h"
#include "broker/dialects/multiwa/rooms.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;
using testing::Frame;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::Opcode;
using testing::RawWebSocket;
using testing::TestServer;

broker::ServerOptions Options() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  options.dialects.multiwa.marker_interval = absl::ZeroDuration();  // What was read is known at once.
  return options;
}

// A client that has connected to the namespace by WebSocket.
class Client {
 public:
  explicit Client(TestServer& server) : socket_(server.server().http_address()) {
    EXPECT_EQ(socket_.Connect("/socket.io/?EIO=4&transport=websocket").status, 101);
    EXPECT_THAT(NextPacket(), ::testing::StartsWith("0{"));
    Say("40/ws,");
    EXPECT_THAT(NextPacket(), ::testing::StartsWith(R"(40/ws,{"sid":)"));
  }

  void Say(absl::string_view packet) { EXPECT_TRUE(socket_.SendText(packet)); }

  // The next packet that is no ping; every ping before it is answered if this client has `reads` set.
  std::string NextPacket() {
    for (;;) {
      const Frame frame = socket_.Receive();
      if (frame.ended || frame.opcode == Opcode::kClose) return "closed";
      if (frame.payload != "2") return frame.payload;
      if (reads) Say("3");
    }
  }

  // What stands behind the namespace in the next packet.
  std::string Next() { return std::string(absl::StripPrefix(NextPacket(), "42/ws,")); }
  json::value NextEnvelope() { return json::parse(Next()).at(1); }

  // The acknowledgement of an event with one argument.
  std::string Call(absl::string_view event, absl::string_view argument) {
    Say(absl::StrCat(R"(42/ws,5[")", event, R"(",)", argument, "]"));
    return std::string(absl::StripPrefix(NextPacket(), "43/ws,5"));
  }
  std::string Join(absl::string_view profile) {
    return Call("join", absl::StrCat(R"({"profileId":")", profile, R"("})"));
  }
  void SendEnvelope(absl::string_view envelope) { Say(absl::StrCat(R"(42/ws,["message",)", envelope, "]")); }

  // As MultiWaClient's.
  void Settle() {
    for (int i = 0; i < 3; ++i) EXPECT_THAT(Call("unsubscribe:profile", R"({"profileId":"none"})"), HasSubstr("none"));
  }

  std::string NextCode() { return std::string(json::parse(Next()).at(1).at("qrCode").as_string()); }

  bool reads = true;

 private:
  RawWebSocket socket_;
};

class MultiWaGatewayTest : public ::testing::Test {
 protected:
  // Appends a QR code.
  void Publish(absl::string_view profile, absl::string_view code) {
    const std::string data = absl::StrCat(R"({"qr":")", code, R"("})");
    testing::AppendAndWait(server_.log(), std::string(profile),
                           {{.type = "qr.updated", .data = data, .attributes = {{"dialect", "multiwa"}}}});
  }

  TestServer server_{Options()};
};

constexpr char kJoined[] = R"([{"success":true,"profileId":"a"}])";

TEST_F(MultiWaGatewayTest, AProfileIsJoinedAndLeft) {
  Client client(server_);
  EXPECT_EQ(client.Join("a"), kJoined);
  Publish("a", "1");
  EXPECT_THAT(client.Next(), HasSubstr(R"(["qr:update",{"profileId":"a","qrCode":"1","cursor":"evt_)"));
  EXPECT_EQ(client.Call("unsubscribe:profile", R"({"profileId":"a"})"), kJoined);
  Publish("a", "2");
  EXPECT_EQ(client.Call("subscribe:profile", R"({"profileId":"a"})"), kJoined);
  Publish("a", "3");
  EXPECT_EQ(client.NextCode(), "3");
}

TEST_F(MultiWaGatewayTest, JoinsThatOvertakeEachOtherAreAllAnswered) {
  Client client(server_);
  client.Say(R"(42/ws,1["join",{"profileId":"a"}])");
  client.Say(R"(42/ws,2["join",{"profileId":"a"}])");
  client.Say(R"(42/ws,3["unsubscribe:profile",{"profileId":"a"}])");
  client.Say(R"(42/ws,4["join",{"profileId":"a"}])");
  std::vector<std::string> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(client.NextPacket());
  EXPECT_THAT(answers,
              ::testing::UnorderedElementsAre(absl::StrCat("43/ws,1", kJoined), absl::StrCat("43/ws,2", kJoined),
                                              absl::StrCat("43/ws,3", kJoined), absl::StrCat("43/ws,4", kJoined)));
  Publish("a", "1");
  EXPECT_EQ(client.NextCode(), "1");
}

TEST_F(MultiWaGatewayTest, JoinsOfAProfileThatIsBeingOpenedAreBounded) {
  const std::string address = server_.server().http_address();
  std::string target = "/socket.io/?EIO=4&transport=polling";
  const auto poll = [&] { return HttpConnection(address).Call("GET", target, "", "").body; };
  const auto post = [&](absl::string_view packets) {
    EXPECT_EQ(HttpConnection(address).Call("POST", target, "", packets).body, "ok");
  };
  const json::value opened = json::parse(poll().substr(1));
  absl::StrAppend(&target, "&sid=", std::string(opened.at("sid").as_string()));
  post("40/ws,");
  EXPECT_THAT(poll(), ::testing::StartsWith(R"(40/ws,{"sid":)"));

  std::vector<std::string> joins;
  std::vector<std::string> expected;
  for (size_t i = 0; i < broker::multiwa::kJoinsWaitingMax + 3; ++i) {
    joins.push_back(absl::StrCat("42/ws,", i, R"(["join",{"profileId":"a"}])"));
    expected.push_back(
        absl::StrCat("43/ws,", i,
                     i < broker::multiwa::kJoinsWaitingMax
                         ? kJoined
                         : R"([{"success":false,"error":"The profile is being joined: wait for the answer"}])"));
  }
  // The packets of one body are handled before the profile can be open.
  post(absl::StrJoin(joins, "\x1e"));
  std::vector<std::string> answers;
  while (answers.size() < joins.size()) {
    for (const absl::string_view packet : absl::StrSplit(poll(), '\x1e')) answers.emplace_back(packet);
  }
  EXPECT_THAT(answers, ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(MultiWaGatewayTest, WhoAsksForNoAcknowledgementGetsNone) {
  Client client(server_);
  client.Say(R"(42/ws,["join",{"profileId":"a"}])");
  client.Say(R"(42/ws,["join",{}])");
  client.Say(R"(42/ws,["nothing known",{}])");
  EXPECT_EQ(client.Join("a"), kJoined);
}

TEST_F(MultiWaGatewayTest, WhatCannotBeJoinedIsSaid) {
  Client client(server_);
  EXPECT_EQ(client.Call("join", "{}"), R"([{"success":false,"error":"Forbidden"}])");
  EXPECT_THAT(client.Join("no name"), HasSubstr(R"([{"success":false,"error":)"));
  EXPECT_EQ(client.Call("join", R"({"profileId":"a","since":"x"})"),
            R"([{"success":false,"error":"since is not a cursor"}])");
  for (size_t i = 0; i < broker::multiwa::kRoomsMax; ++i) {
    EXPECT_THAT(client.Join(absl::StrCat("profile-", i)), HasSubstr("true"));
  }
  EXPECT_THAT(client.Join("a"), HasSubstr(R"("success":false)"));
  EXPECT_THAT(client.Call("unsubscribe:profile", R"({"profileId":"profile-0"})"), HasSubstr("true"));
  EXPECT_EQ(client.Join("a"), kJoined);
}

TEST_F(MultiWaGatewayTest, WhoReturnsGetsWhatItHasNotRead) {
  {
    Client client(server_);
    client.Join("a");
    Publish("a", "1");
    EXPECT_EQ(client.NextCode(), "1");
    client.Settle();
    client.reads = false;
    Publish("a", "2");
    EXPECT_EQ(client.NextCode(), "2");
  }
  Publish("a", "3");
  Client client(server_);
  client.Join("a");
  EXPECT_EQ(client.NextCode(), "2");
  EXPECT_EQ(client.NextCode(), "3");
}

TEST_F(MultiWaGatewayTest, WhoDisconnectsStartsAnew) {
  {
    Client client(server_);
    client.Join("a");
    client.reads = false;
    Publish("a", "1");
    EXPECT_EQ(client.NextCode(), "1");
    client.Say("41/ws,");
    client.Say("1");  // Engine.IO ends the connection when it has read everything before.
    EXPECT_EQ(client.NextPacket(), "closed");
  }
  Publish("a", "2");
  Client client(server_);
  client.Join("a");
  Publish("a", "3");
  EXPECT_EQ(client.NextCode(), "3");
}

TEST_F(MultiWaGatewayTest, EnvelopesBeginWithAWelcome) {
  Client client(server_);
  client.SendEnvelope(R"({"type":"ping","requestId":1})");
  EXPECT_EQ(client.NextEnvelope().at("payload").at("message").as_string(), "Connected to MultiWA WebSocket API");
  EXPECT_EQ(client.NextEnvelope().at("type").as_string(), "pong");
  client.SendEnvelope(R"({"type":"subscribe","payload":{"profileId":"a","events":["*"]}})");
  EXPECT_EQ(client.NextEnvelope().at("payload").at("action").as_string(), "subscribed");
  Publish("a", "1");
  const json::value event = client.NextEnvelope();
  EXPECT_EQ(event.at("type").as_string(), "event");
  EXPECT_EQ(event.at("payload").at("data").at("qr").as_string(), "1");
}

TEST_F(MultiWaGatewayTest, EnvelopesAreResumedToo) {
  const char* const subscribe = R"({"type":"subscribe","payload":{"profileId":"a","events":["*"]}})";
  {
    Client client(server_);
    client.SendEnvelope(subscribe);
    client.NextEnvelope();
    client.NextEnvelope();
    client.reads = false;
    Publish("a", "1");
    EXPECT_EQ(client.NextEnvelope().at("type").as_string(), "event");
  }
  Client client(server_);
  client.SendEnvelope(subscribe);
  client.NextEnvelope();
  EXPECT_EQ(client.NextEnvelope().at("payload").at("replay").as_int64(), 1);
  EXPECT_EQ(client.NextEnvelope().at("payload").at("data").at("qr").as_string(), "1");
}

TEST_F(MultiWaGatewayTest, TenBadEnvelopesEndTheConnection) {
  Client client(server_);
  client.SendEnvelope("1");
  EXPECT_THAT(client.Next(), HasSubstr("Connected"));
  EXPECT_THAT(client.Next(), HasSubstr("Invalid JSON"));
  for (int i = 2; i < broker::multiwa::kBadMessagesMax; ++i) {
    client.SendEnvelope("1");
    EXPECT_THAT(client.Next(), HasSubstr("Invalid JSON"));
  }
  client.SendEnvelope("1");
  std::string packet = client.NextPacket();
  if (absl::StrContains(packet, "Invalid JSON")) packet = client.NextPacket();  // It may be lost with the connection.
  EXPECT_EQ(packet, "closed");
}

TEST_F(MultiWaGatewayTest, EachProfileComesInItsOrder) {
  Client client(server_);
  client.Join("a");
  client.Join("b");
  for (int i = 0; i < 300; ++i) Publish("a", absl::StrCat("a", i));
  Publish("b", "b");
  int of_a = 0;
  bool of_b = false;
  while (of_a < 300 || !of_b) {
    const std::string code = client.NextCode();
    if (code == "b") {
      of_b = true;
    } else {
      EXPECT_EQ(code, absl::StrCat("a", of_a++));
    }
  }
}

TEST_F(MultiWaGatewayTest, ABrokerThatStopsEndsConnectionsWithoutAWord) {
  Client client(server_);
  client.Join("a");
  server_.server().Shutdown(absl::Minutes(1));
  EXPECT_EQ(client.NextPacket(), "closed");
}

}  // namespace
}  // namespace playhead
