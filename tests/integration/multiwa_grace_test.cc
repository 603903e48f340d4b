// What clients of MultiWA's realtime API get when they reconnect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/http/websocket.h"
#include "storage/cursor.h"
#include "tests/integration/multiwa_client.h"
#include "tests/support/batches.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;
using Client = testing::MultiWaClient;
using ::testing::HasSubstr;
using testing::Opcode;
using testing::TestServer;

// Who dropped without a word, and what it gets when it is back.
class MultiWaGraceTest : public testing::MultiWaFixture {
 protected:
  using MultiWaFixture::MultiWaFixture;

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
    broker::ServerOptions options = testing::MultiWaOptions();
    options.dialects.multiwa.resume = broker::multiwa::ResumeMode::kOff;
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
  broker::ServerOptions options = testing::MultiWaOptions();
  options.store.data_dir = dir.path();
  {
    TestServer server(options);
    Client client(server);
    client.Subscribe("a");
    testing::PublishMultiWa(server, "a", "1");
    EXPECT_EQ(client.NextId(), "1");
    client.Settle();
    server.server().Shutdown(absl::Minutes(1));
  }
  TestServer server(options);
  testing::PublishMultiWa(server, "a", "2");
  Client client(server);
  EXPECT_EQ(client.Subscribe("a").at("replay").as_int64(), 1);
  EXPECT_EQ(client.NextId(), "2");
}

}  // namespace
}  // namespace playhead
