// MultiWA's realtime API as served by a whole broker: every frame, reply, error and close of docs/clients/multiwa.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/envelopes.h"
#include "broker/http/websocket.h"
#include "tests/integration/multiwa_client.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead {
namespace {

namespace json = boost::json;
using Client = testing::MultiWaClient;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::Opcode;

class MultiWaTest : public testing::MultiWaFixture {};

TEST_F(MultiWaTest, WelcomesWhoConnects) {
  Client client(server_);
  const json::value& welcome = client.welcome();
  EXPECT_EQ(welcome.at("type").as_string(), "ack");
  EXPECT_EQ(welcome.at("payload").at("message").as_string(), "Connected to MultiWA WebSocket API");
  EXPECT_FALSE(welcome.at("payload").at("clientId").as_string().empty());
  EXPECT_EQ(welcome.at("payload").at("timestamp").as_string().size(), std::string("2026-02-05T10:00:00.000Z").size());
}

TEST_F(MultiWaTest, SubscribesAndDeliversAsDocumented) {
  Client client(server_);
  const json::value ack = json::parse(client.Ask(
      R"({"type":"subscribe","payload":{"profileId":"profile-123","events":["message.received","session.status"]},"requestId":"req_001"})"));
  EXPECT_EQ(ack.at("type").as_string(), "ack");
  EXPECT_EQ(ack.at("requestId").as_string(), "req_001");
  EXPECT_EQ(ack.at("payload").at("action").as_string(), "subscribed");
  EXPECT_EQ(ack.at("payload").at("profileId").as_string(), "profile-123");
  EXPECT_EQ(json::serialize(ack.at("payload").at("events")), R"(["message.received","session.status"])");
  Publish("profile-123", {"ack"}, "message.ack");
  const std::string data =
      R"({"id":"true_628xxx_3EB0ABC","from":"628123456789@c.us","body":"Hello!","type":"chat","timestamp":"2026-02-05T10:00:00.000Z","hasMedia":false})";
  testing::AppendAndWait(server_.log(), "profile-123",
                         {{.type = "message.received",
                           .data = data,
                           .created_at = 1'770'285'600'000'000,
                           .attributes = {{"dialect", "multiwa"}}}});
  const std::string event = client.NextText();
  EXPECT_TRUE(absl::StartsWith(
      event, absl::StrCat(R"({"type":"event","payload":{"event":"message.received","profileId":"profile-123","data":)",
                          data, R"(,"timestamp":"2026-02-05T10:00:00.000Z","id":"evt_)")))
      << event;
}

TEST_F(MultiWaTest, ShowsWhatOthersPublished) {
  Client client(server_);
  client.Subscribe("phone");
  testing::AppendAndWait(
      server_.log(), "phone",
      {{.type = "message.received",
        .data = R"({"message":{"from":"628","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"hi"}}})",
        .attributes = {{"dialect", "whatsapp"}}},
       {.type = "messages.upsert",
        .data =
            R"({"messages":[{"key":{"remoteJid":"1@s.whatsapp.net","id":"A"}},{"key":{"remoteJid":"1@s.whatsapp.net","id":"B"}}]})",
        .attributes = {{"dialect", "baileys"}}},
       {.type = "order.created", .data = "{}"}});
  EXPECT_EQ(client.NextId(), "wamid.1");
  EXPECT_EQ(client.NextId(), "A");
  EXPECT_EQ(client.NextId(), "B");
  client.Settle();
}

TEST_F(MultiWaTest, AnswersPingsAndEchoesAnyRequestId) {
  Client client(server_);
  for (const char* id : {R"("ping_001")", "7", "null", "true", "[1,\"x\"]", R"("\u00e9")"}) {
    const std::string answer = client.Ask(absl::StrCat(R"({"type":"ping","requestId":)", id, "}"));
    const json::value pong = json::parse(answer);
    EXPECT_EQ(pong.at("type").as_string(), "pong");
    EXPECT_TRUE(pong.at("payload").at("timestamp").is_string());
    EXPECT_EQ(pong.at("requestId"), json::parse(id)) << answer;
  }
  EXPECT_FALSE(json::parse(client.Ask(R"({"type":"ping"})")).as_object().contains("requestId"));
}

TEST_F(MultiWaTest, SaysWhatIsWrongInTheOriginalsWords) {
  Client client(server_);
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"profileId":"p"},"requestId":1})"),
            R"({"type":"error","payload":{"error":"Events array is required"},"requestId":1})");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"profileId":"p","events":[]}})"),
            R"({"type":"error","payload":{"error":"Events array is required"}})");
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"events":["*"]},"requestId":"x"})"),
            R"({"type":"error","payload":{"error":"profileId or sessionId is required"},"requestId":"x"})");
  EXPECT_EQ(client.Ask(R"({"type":"nonsense","requestId":"x"})"),
            R"({"type":"error","payload":{"error":"Unknown message type"},"requestId":"x"})");
  EXPECT_EQ(client.Ask("not JSON"), R"({"type":"error","payload":{"error":"Invalid JSON"}})");
  EXPECT_EQ(client.Ask("[]"), R"({"type":"error","payload":{"error":"Invalid JSON"}})");
  EXPECT_THAT(client.Ask(R"({"type":"subscribe","payload":{"profileId":"a b","events":["*"]}})"), HasSubstr("error"));
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"profileId":"p","events":["*"],"since":"evt_123"}})"),
            R"({"type":"error","payload":{"error":"since is not a cursor"}})");
  EXPECT_EQ(client.Subscribe("p").at("action").as_string(), "subscribed");
}

TEST_F(MultiWaTest, TakesSessionIdForProfileId) {
  Client client(server_);
  const json::value ack =
      json::parse(client.Ask(R"({"type":"subscribe","payload":{"sessionId":"p","events":["*"]}})")).at("payload");
  EXPECT_EQ(ack.at("profileId").as_string(), "p");
  Publish("p", {"1"});
  EXPECT_EQ(client.NextId(), "1");
}

TEST_F(MultiWaTest, ASecondSubscribeReplacesTheFirst) {
  Client client(server_);
  client.Subscribe("a");
  client.Subscribe("b");
  Publish("a", {"a1"});
  Publish("b", {"b1"});
  EXPECT_EQ(client.NextId(), "b1");
  client.Subscribe("b", "", R"("message.ack")");
  Publish("b", {"b2"});
  Publish("b", {"b3"}, "message.ack");
  EXPECT_EQ(client.NextId(), "b3");
}

TEST_F(MultiWaTest, UnsubscribeEndsTheEvents) {
  Client client(server_);
  EXPECT_EQ(client.Ask(R"({"type":"unsubscribe","requestId":"req_002"})"),
            R"({"type":"ack","payload":{"action":"unsubscribed"},"requestId":"req_002"})");
  client.Subscribe("a");
  client.Ask(R"({"type":"unsubscribe"})");
  Publish("a", {"a1"});
  client.Settle();
}

TEST_F(MultiWaTest, EndsConnectionsThatKeepSendingNonsense) {
  Client client(server_);
  for (int i = 0; i < broker::multiwa::kBadMessagesMax; ++i) {
    EXPECT_EQ(client.Ask("{"), R"({"type":"error","payload":{"error":"Invalid JSON"}})");
  }
  EXPECT_EQ(client.AwaitClose(), broker::http::kCloseBadPayload);
  Client binary(server_);
  binary.socket().Send({Opcode::kBinary, "{}"});
  EXPECT_EQ(binary.AwaitClose(), broker::http::kCloseUnsupportedData);
  Client large(server_);
  large.socket().SendText(std::string((size_t{1} << 20) + 1, ' '));  // In vain, if the broker has hung up by then.
  EXPECT_EQ(large.AwaitClose(), broker::http::kCloseTooBig);
}

TEST_F(MultiWaTest, NeedsAWebSocket) {
  const HttpResponse response = HttpConnection(server_.server().http_address()).Get("/ws?apiKey=any");
  EXPECT_EQ(response.status, 426);
  EXPECT_EQ(response.headers.at("upgrade"), "websocket");
}

TEST_F(MultiWaTest, TheBrokersEndIsNotFinal) {
  Client client(server_);
  client.Subscribe("a");
  server_.server().Shutdown(absl::Minutes(1));
  EXPECT_EQ(client.AwaitClose(), broker::http::kCloseGoingAway);
}

}  // namespace
}  // namespace playhead
