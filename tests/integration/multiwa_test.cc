// MultiWA's realtime API as the whole broker serves it: every frame, reply, error and close of docs/clients/multiwa.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/envelopes.h"
#include "broker/http/websocket.h"
#include "playhead/v1/keys.pb.h"
#include "storage/cursor.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;
using testing::Frame;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::Opcode;
using testing::RawWebSocket;
using testing::TestServer;

broker::ServerOptions Options() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  options.multiwa.marker_interval = absl::ZeroDuration();  // What was read is known at once.
  return options;
}

// A client as the documentation has it, which says and hears JSON.
class Client {
 public:
  explicit Client(TestServer& server, absl::string_view target = "/ws?apiKey=any")
      : socket_(server.server().http_address()) {
    const HttpResponse response = socket_.Connect(target);
    EXPECT_EQ(response.status, 101) << response.body;
    if (response.status == 101) welcome_ = Next();
  }

  const json::value& welcome() const { return welcome_; }
  RawWebSocket& socket() { return socket_; }

  void Say(absl::string_view text) { EXPECT_TRUE(socket_.SendText(text)); }

  // The next message, as text. Every ping before it is answered if this client has `reads` set.
  std::string NextText() {
    for (;;) {
      const Frame frame = socket_.Receive();
      if (frame.opcode == Opcode::kPing && reads) socket_.Send({Opcode::kPong, frame.payload});
      if (frame.ended || frame.opcode == Opcode::kClose) return "closed";
      if (frame.opcode == Opcode::kText) return frame.payload;
    }
  }
  json::value Next() { return json::parse(NextText()); }

  std::string Ask(absl::string_view text) {
    Say(text);
    return NextText();
  }

  // Subscribes to all events; the acknowledgement's payload.
  json::value Subscribe(absl::string_view profile, absl::string_view more = "", absl::string_view events = "\"*\"") {
    const std::string answer = Ask(absl::StrCat(R"({"type":"subscribe","payload":{"profileId":")", profile,
                                                R"(","events":[)", events, "]", more, "}}"));
    return json::parse(answer).at("payload");
  }

  // The `id` of the data of the next event.
  std::string NextId() { return std::string(Next().at("payload").at("data").at("id").as_string()); }

  // The code with which the broker ends the connection, and nothing before it.
  uint16_t AwaitClose() {
    const Frame frame = socket_.ReceiveMessage();
    EXPECT_EQ(frame.opcode, Opcode::kClose) << frame.payload;
    return frame.close_code();
  }

  // Waits until the broker knows that everything up to now was read: the first answer comes behind its marker, which is
  // answered before the second question.
  void Settle() {
    for (int i = 0; i < 2; ++i) {
      const std::string pong = Ask(R"({"type":"ping","requestId":"settle"})");
      EXPECT_THAT(pong, HasSubstr("settle"));
    }
  }

  bool reads = true;

 private:
  RawWebSocket socket_;
  json::value welcome_;
};

class MultiWaTest : public ::testing::Test {
 protected:
  explicit MultiWaTest(broker::ServerOptions options = Options()) : server_(std::move(options)) {}

  // Appends a message in MultiWA's own words for each id.
  void Publish(absl::string_view profile, const std::vector<std::string>& ids,
               absl::string_view type = "message.received") {
    for (const std::string& id : ids) {
      const std::string data = absl::StrCat(R"({"id":")", id, R"("})");
      testing::AppendAndWait(server_.log(), std::string(profile),
                             {{.type = type, .data = data, .attributes = {{"dialect", "multiwa"}}}});
    }
  }

  TestServer server_;
};

TEST_F(MultiWaTest, WelcomesWhoConnects) {
  const absl::Time before = absl::Now();
  Client client(server_);
  const json::value& welcome = client.welcome();
  EXPECT_EQ(welcome.at("type").as_string(), "ack");
  EXPECT_EQ(welcome.at("payload").at("message").as_string(), "Connected to MultiWA WebSocket API");
  EXPECT_FALSE(welcome.at("payload").at("clientId").as_string().empty());
  EXPECT_EQ(welcome.at("payload").at("timestamp").as_string().size(), std::string("2026-02-05T10:00:00.000Z").size());
  EXPECT_LT(absl::Now() - before, absl::Seconds(5));
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
  large.Say(std::string((size_t{1} << 20) + 1, ' '));
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
  server_.server().Shutdown(absl::Seconds(10));
  EXPECT_EQ(client.AwaitClose(), broker::http::kCloseGoingAway);
}

// Who dropped without a word, and what it gets when it is back.
class MultiWaGraceTest : public MultiWaTest {
 protected:
  using MultiWaTest::MultiWaTest;

  // Reads `ids`, says so, and is gone.
  void ReadAndBreak(const std::vector<std::string>& ids) {
    Client client(server_);
    client.Subscribe("a");
    Publish("a", ids);
    for (const std::string& id : ids) EXPECT_EQ(client.NextId(), id);
    client.Settle();
  }
};

TEST_F(MultiWaGraceTest, WhoReturnsGetsWhatItMissed) {
  ReadAndBreak({"1", "2"});
  Publish("a", {"3", "4"});
  Client client(server_);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 2);
  EXPECT_EQ(client.NextId(), "3");
  EXPECT_EQ(client.NextId(), "4");
  Publish("a", {"5"});
  EXPECT_EQ(client.NextId(), "5");
}

TEST_F(MultiWaGraceTest, WhatWasSentAndNotReadComesAgain) {
  {
    Client client(server_);
    client.Subscribe("a");
    Publish("a", {"1"});
    EXPECT_EQ(client.NextId(), "1");
    client.Settle();
    client.reads = false;
    Publish("a", {"2", "3"});
    EXPECT_EQ(client.NextId(), "2");
  }
  Client client(server_);
  client.Subscribe("a");
  EXPECT_EQ(client.NextId(), "2");
  EXPECT_EQ(client.NextId(), "3");
}

TEST_F(MultiWaGraceTest, AConnectionThatHangsHidesNothing) {
  Client hanging(server_);
  hanging.Subscribe("a");
  hanging.reads = false;
  Publish("a", {"1", "2"});
  EXPECT_EQ(hanging.NextId(), "1");
  Client client(server_);
  client.Subscribe("a");
  EXPECT_EQ(client.NextId(), "1");
  EXPECT_EQ(client.NextId(), "2");
}

TEST_F(MultiWaGraceTest, TwoThatBrokeBothGetWhatTheyMissed) {
  {
    Client first(server_);
    first.Subscribe("a");
    Client second(server_);
    second.Subscribe("a");
    Publish("a", {"1"});
    EXPECT_EQ(first.NextId(), "1");
    first.Settle();
    second.reads = false;
    EXPECT_EQ(second.NextId(), "1");
  }
  Publish("a", {"2"});
  for (int i = 0; i < 3; ++i) {
    Client client(server_);
    client.Subscribe("a");
    EXPECT_EQ(client.NextId(), "1") << i;
    EXPECT_EQ(client.NextId(), "2") << i;
    client.Say(R"({"type":"unsubscribe"})");
    client.NextText();
  }
}

TEST_F(MultiWaGraceTest, OnlyTheSameSubscriptionGoesOn) {
  ReadAndBreak({"1"});
  Publish("a", {"2"});
  Client other_events(server_);
  EXPECT_EQ(other_events.Subscribe("a", "", R"("message.received")").at("replay").as_int64(), 0);
  Client other_key(server_, "/ws?apiKey=other");
  EXPECT_EQ(other_key.Subscribe("a").at("replay").as_int64(), 0);
  Client other_profile(server_);
  EXPECT_EQ(other_profile.Subscribe("b").at("replay").as_int64(), 0);
}

TEST_F(MultiWaGraceTest, WhoSaysGoodbyeStartsAnew) {
  {
    Client client(server_);
    client.Subscribe("a");
    Publish("a", {"1"});
    EXPECT_EQ(client.NextId(), "1");
    client.socket().Send({Opcode::kClose, "\x03\xe8"});
    EXPECT_EQ(client.AwaitClose(), broker::http::kCloseNormal);
    EXPECT_TRUE(client.socket().ReceiveMessage().ended) << "what comes before the broker is done with it";
  }
  Publish("a", {"2"});
  Client client(server_);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 0);
}

TEST_F(MultiWaGraceTest, AcknowledgementsCountInPlaceOfPongs) {
  {
    Client client(server_);
    client.Subscribe("a");
    Publish("a", {"1", "2", "3"});
    const json::value first = client.Next().at("payload");
    client.Say(
        absl::StrCat(R"({"type":"ack","payload":{"cursor":")", std::string(first.at("cursor").as_string()), R"("}})"));
    EXPECT_EQ(client.NextId(), "2");
    EXPECT_EQ(client.NextId(), "3");
    client.Settle();
  }
  Client client(server_);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 2);
  EXPECT_EQ(client.NextId(), "2");
  EXPECT_EQ(client.NextId(), "3");
  EXPECT_THAT(client.Ask(R"({"type":"ack","payload":{"cursor":"nonsense"},"requestId":9})"),
              HasSubstr("cursor is required"));
}

TEST_F(MultiWaGraceTest, WhatIsNotAcknowledgedComesAgainThoughItWasReadBefore) {
  {
    Client client(server_);
    client.Subscribe("a");
    Publish("a", {"1", "2", "3"});
    const json::value first = client.Next().at("payload");
    EXPECT_EQ(client.NextId(), "2");
    EXPECT_EQ(client.NextId(), "3");
    client.Settle();  // Nobody could know yet that it would acknowledge.
    client.Say(
        absl::StrCat(R"({"type":"ack","payload":{"cursor":")", std::string(first.at("cursor").as_string()), R"("}})"));
    client.Settle();
  }
  // From then on it is known.
  for (int connection = 0; connection < 2; ++connection) {
    Client client(server_);
    EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 2);
    EXPECT_EQ(client.NextId(), "2");
    EXPECT_EQ(client.NextId(), "3");
    client.Settle();
  }
}

TEST_F(MultiWaGraceTest, SinceIsAnyPositionOfTheLog) {
  Publish("a", {"1", "2", "3"});
  Client first(server_);
  first.Subscribe("a", R"(,"since":0)");
  EXPECT_EQ(first.NextId(), "1");
  const std::string second(first.Next().at("payload").at("id").as_string());
  for (const std::string& since : {absl::StrCat("\"", second, "\""), std::string("2"), std::string("\"2\"")}) {
    Client client(server_);
    EXPECT_EQ(client.Subscribe("a", absl::StrCat(",\"since\":", since)).at("replay").as_int64(), 1);
    EXPECT_EQ(client.NextId(), "3");
  }
  // Not of this log: the first that is kept.
  Client client(server_);
  client.Subscribe(
      "a", absl::StrCat(",\"since\":\"",
                        storage::EventId{storage::InstanceNumber(999), storage::Cursor(2), 0}.ToString(), "\""));
  EXPECT_EQ(client.NextId(), "1");
}

TEST_F(MultiWaGraceTest, AResumeMayBeAmidAnEvent) {
  testing::AppendAndWait(
      server_.log(), "a",
      {{.type = "messages.upsert",
        .data =
            R"({"messages":[{"key":{"remoteJid":"1@s.whatsapp.net","id":"A"}},{"key":{"remoteJid":"1@s.whatsapp.net","id":"B"}}]})",
        .attributes = {{"dialect", "baileys"}}}});
  Client client(server_);
  client.Subscribe("a", R"(,"since":0)");
  const json::value first = client.Next().at("payload");
  EXPECT_EQ(first.at("data").at("id").as_string(), "A");
  Client again(server_);
  again.Subscribe("a", absl::StrCat(",\"since\":\"", std::string(first.at("cursor").as_string()), "\""));
  EXPECT_EQ(again.NextId(), "B");
}

class MultiWaNoGraceTest : public MultiWaGraceTest {
 protected:
  static broker::ServerOptions NoGrace() {
    broker::ServerOptions options = Options();
    options.multiwa.resume = broker::multiwa::ResumeMode::kOff;
    return options;
  }
  MultiWaNoGraceTest() : MultiWaGraceTest(NoGrace()) {}
};

TEST_F(MultiWaNoGraceTest, WhoReturnsStartsAnew) {
  ReadAndBreak({"1"});
  Publish("a", {"2"});
  Client client(server_);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 0);
}

TEST(MultiWaRestartTest, TheBrokersRestartIsOnlyAReconnect) {
  const testing::TempDir dir;
  broker::ServerOptions options = Options();
  options.store.data_dir = dir.path();
  const auto publish = [](TestServer& server, absl::string_view id) {
    const std::string data = absl::StrCat(R"({"id":")", id, R"("})");
    testing::AppendAndWait(server.log(), "a",
                           {{.type = "message.received", .data = data, .attributes = {{"dialect", "multiwa"}}}});
  };
  {
    TestServer server(options);
    Client client(server);
    client.Subscribe("a");
    publish(server, "1");
    EXPECT_EQ(client.NextId(), "1");
    client.Settle();
    server.server().Shutdown(absl::Seconds(10));
  }
  TestServer server(options);
  publish(server, "2");
  Client client(server);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 1);
  EXPECT_EQ(client.NextId(), "2");
}

// A broker with an administrator.
class MultiWaAuthTest : public ::testing::Test {
 protected:
  MultiWaAuthTest() {
    const std::string secret_file = dir_.path() + "/admin";
    std::ofstream(secret_file) << kAdminSecret << "\n";
    chmod(secret_file.c_str(), 0600);
    broker::ServerOptions options = Options();
    options.admin_secret_file = secret_file;
    options.store.data_dir = dir_.path() + "/store";
    options.limits.refusal_delay = absl::Milliseconds(1);
    server_.emplace(options);
  }

  v1::CreateKeyResponse MakeKey(const std::vector<v1::Permission>& permissions,
                                const std::vector<std::string>& instances) {
    testing::KeyClient admin(server_->channel(), kAdminSecret);
    v1::CreateKeyResponse response;
    EXPECT_TRUE(admin.CreateKey(testing::KeyRequest(permissions, instances), response).ok());
    return response;
  }

  HttpResponse TryConnect(absl::string_view target, absl::string_view headers = "") {
    return RawWebSocket(server_->server().http_address()).Connect(target, headers);
  }

  static constexpr char kAdminSecret[] = "administrators-secret-of-this-test";
  const testing::TempDir dir_;
  std::optional<TestServer> server_;
};

TEST_F(MultiWaAuthTest, TakesTheKeyFromAnyOfItsPlaces) {
  const std::string secret = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"}).secret();
  EXPECT_EQ(TryConnect(absl::StrCat("/ws?apiKey=", secret)).status, 101);
  EXPECT_EQ(TryConnect("/ws", absl::StrCat("x-api-key: ", secret, "\r\n")).status, 101);
  EXPECT_EQ(TryConnect("/ws", absl::StrCat("Authorization: Bearer ", secret, "\r\n")).status, 101);
  // The query counts first.
  EXPECT_EQ(TryConnect("/ws?apiKey=wrong", absl::StrCat("x-api-key: ", secret, "\r\n")).status, 401);
}

TEST_F(MultiWaAuthTest, RefusesOthersBeforeTheUpgrade) {
  for (const char* target : {"/ws", "/ws?apiKey=", "/ws?apiKey=wrong"}) {
    const HttpResponse response = TryConnect(target);
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.body, R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"Invalid API key"}})");
  }
}

TEST_F(MultiWaAuthTest, AKeySeesItsOwnProfilesAlone) {
  const std::string secret = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"}).secret();
  Client client(*server_, absl::StrCat("/ws?apiKey=", secret));
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"profileId":"b","events":["*"]},"requestId":"r"})"),
            R"({"type":"error","payload":{"error":"Forbidden"},"requestId":"r"})");
  EXPECT_EQ(client.Subscribe("a").at("action").as_string(), "subscribed");
  const std::string appender = MakeKey({v1::PERMISSION_APPEND}, {"a"}).secret();
  Client may_not(*server_, absl::StrCat("/ws?apiKey=", appender));
  EXPECT_THAT(may_not.Ask(R"({"type":"subscribe","payload":{"profileId":"a","events":["*"]}})"),
              HasSubstr("Forbidden"));
}

TEST_F(MultiWaAuthTest, ARevokedKeyEndsItsConnections) {
  const v1::CreateKeyResponse key = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"});
  Client subscribed(*server_, absl::StrCat("/ws?apiKey=", key.secret()));
  subscribed.Subscribe("a");
  Client idle(*server_, absl::StrCat("/ws?apiKey=", key.secret()));
  testing::KeyClient(server_->channel(), kAdminSecret).RevokeKey(key.key().id());
  EXPECT_EQ(subscribed.AwaitClose(), broker::multiwa::kCloseInvalidApiKey);
  EXPECT_EQ(idle.AwaitClose(), broker::multiwa::kCloseInvalidApiKey);
  EXPECT_EQ(TryConnect(absl::StrCat("/ws?apiKey=", key.secret())).status, 401);
}

}  // namespace
}  // namespace playhead
