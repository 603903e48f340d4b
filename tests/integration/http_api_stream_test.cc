// Server-sent events of the HTTP API, as EventSource sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/delete_instance.h"
#include "tests/support/event_source.h"
#include "tests/support/http_connection.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;

using testing::AppendNumbered;
using testing::EventSource;
using ::testing::HasSubstr;
using testing::TestServer;

constexpr char kEvents[] = "/v1/instances/bot/events";

broker::ServerOptions Options() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  return options;
}

class HttpApiStreamTest : public ::testing::Test {
 protected:
  HttpApiStreamTest() : server_(std::in_place, Options()) {}

  // Starts anew, with an empty store.
  void Restart(const broker::ServerOptions& options) { server_.emplace(options); }

  std::string address() { return server_->server().http_address(); }
  EventSource Open(absl::string_view query, absl::string_view headers = "") {
    return EventSource(address(), absl::StrCat(kEvents, "?", query), headers);
  }

  void Trim(uint64_t first_kept) {
    const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
        [&](auto done) { server_->log().OpenInstance("bot", storage::OpenMode::kExisting, std::move(done)); });
    ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                  server_->log().Trim(*instance, storage::Cursor(first_kept), std::move(done));
                }).ok());
  }

  // The numbers of `count` events, which must come one after the other; of a stream of one instance, under their
  // cursors.
  void ExpectNumbers(EventSource& source, int64_t first, int64_t count, bool of_many = false) {
    for (int64_t i = first; i < first + count; ++i) {
      const EventSource::Event event = source.NextNamed("message");
      const json::value body = json::parse(event.data);
      ASSERT_EQ(body.at("data").as_int64(), i);
      if (!of_many) {
        ASSERT_EQ(event.id, absl::StrCat(body.at("cursor").as_int64()));
      }
    }
  }

  // Until no stream is open, and no delivery waits.
  void AwaitNoStreams() {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (server_->server().streams().size() != 0 || server_->server().delivery_budget().in_use() != 0) {
      ASSERT_LT(absl::Now(), deadline);
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  std::optional<TestServer> server_;
};

TEST_F(HttpApiStreamTest, HistoryThenWhatComes) {
  AppendNumbered(server_->log(), "bot", 0, 3);
  EventSource source = Open("from=beginning");
  EXPECT_EQ(source.response().status, 200);
  EXPECT_EQ(source.response().headers.at("content-type"), "text/event-stream");
  EXPECT_EQ(source.response().headers.at("cache-control"), "no-store");
  const auto start = source.Next();
  EXPECT_EQ(start->name, "start");
  EXPECT_EQ(start->id, "0");
  EXPECT_EQ(start->data, R"({"cursor":0,"first_cursor":1,"head_cursor":3,"heartbeat_interval_ms":10000})");
  ExpectNumbers(source, 0, 3);
  const auto caught_up = source.Next();
  EXPECT_EQ(caught_up->name, "caught_up");
  EXPECT_EQ(caught_up->data, R"({"cursor":3})");
  AppendNumbered(server_->log(), "bot", 3, 2);
  ExpectNumbers(source, 3, 2);
}

TEST_F(HttpApiStreamTest, AClientThatComesAgainGoesOnWhereItWas) {
  AppendNumbered(server_->log(), "bot", 0, 10);
  EventSource source = Open("from=beginning", "Last-Event-ID: 4\r\n");
  EXPECT_EQ(source.Next()->id, "4");
  ExpectNumbers(source, 4, 6);
  EventSource by_query = Open("after=8");
  ExpectNumbers(by_query, 8, 2);
}

// Mercure #704: a client that came with an id the hub did not know got nothing, and was told nothing.
TEST_F(HttpApiStreamTest, Mercure704AnIdThatNobodyGaveIsAnErrorAndNeverSilence) {
  AppendNumbered(server_->log(), "bot", 0, 10);
  const std::map<std::string, std::string> reasons = {
      {"evil", "POSITION_INVALID"}, {"-1", "POSITION_INVALID"}, {"11", "CURSOR_DIVERGED"}};
  for (const auto& [id, reason] : reasons) {
    const EventSource refused = Open("from=beginning", absl::StrCat("Last-Event-ID: ", id, "\r\n"));
    EXPECT_EQ(refused.response().status, 400) << id;
    EXPECT_EQ(refused.response().headers.at("error-code"), reason) << id;
  }
}

TEST_F(HttpApiStreamTest, DataOfSeveralLinesIsOneEvent) {
  testing::AppendAndWait(server_->log(), "bot", {{{.type = "t", .data = "{\r\n\"a\":\r1,\n\n\"id\": 2}"}}});
  testing::AppendAndWait(server_->log(), "bot", {{{.type = "a\\nb", .data = "not json\n\nid: 99\n\n"}}});
  EventSource source = Open("from=beginning");
  EXPECT_THAT(source.NextNamed("message").data, HasSubstr(R"("data":{"a":1,"id": 2})"));
  const EventSource::Event bytes = source.NextNamed("message");
  EXPECT_EQ(bytes.id, "2");
  EXPECT_THAT(bytes.data, HasSubstr("\"data_base64\":"));
}

TEST_F(HttpApiStreamTest, HeartbeatsCarryTheClientPastWhatItsFilterLeavesOut) {
  AppendNumbered(server_->log(), "bot", 0, 5);
  EventSource source = Open("from=beginning&types=wanted");
  EXPECT_EQ(source.NextNamed("caught_up").id, "5");
  AppendNumbered(server_->log(), "bot", 5, 5);
  source.AwaitId("10");
}

TEST_F(HttpApiStreamTest, WhatWasTrimmedIsAnErrorOrAGap) {
  AppendNumbered(server_->log(), "bot", 0, 10);
  Trim(6);
  const EventSource refused = Open("after=2");
  EXPECT_EQ(refused.response().status, 400);
  EXPECT_EQ(refused.response().headers.at("error-code"), "CURSOR_TRIMMED");
  EventSource source = Open("after=2&allow_gap=true");
  const EventSource::Event gap = source.NextNamed("gap");
  EXPECT_EQ(gap.id, "5");
  EXPECT_EQ(gap.data, R"({"cause":"TRIMMED","after_cursor":2,"last_cursor":5,"event_count":3})");
  ExpectNumbers(source, 5, 5);
}

// An EventSource that were told so in a stream would come again every second for ever.
TEST_F(HttpApiStreamTest, ThatAPositionOfManyWasTrimmedIsAStatus) {
  AppendNumbered(server_->log(), "bot", 0, 1);
  const auto open = [this](absl::string_view query) {
    return EventSource(address(), absl::StrCat("/v1/events?prefix=bot&", query), "");
  };
  const std::string position = open("from=beginning").NextNamed("message").id;
  AppendNumbered(server_->log(), "bot", 1, 5);
  Trim(4);
  const EventSource refused = open(absl::StrCat("after=", position));
  EXPECT_EQ(refused.response().status, 400);
  EXPECT_EQ(refused.response().headers.at("error-code"), "CURSOR_TRIMMED");
  EventSource source = open(absl::StrCat("allow_gap=true&after=", position));
  EXPECT_EQ(source.Next()->name, "start");
  EXPECT_THAT(source.NextNamed("gap").data, HasSubstr(R"("event_count":2)"));
  ExpectNumbers(source, 3, 3, /*of_many=*/true);
}

TEST_F(HttpApiStreamTest, WhoMayComeAgainIsToldSoInAStream) {
  broker::ServerOptions options = Options();
  options.limits.streams_max = 1;
  Restart(options);
  EventSource first = Open("from=now");
  ASSERT_EQ(first.Next()->name, "start");
  EventSource second = Open("from=now");
  EXPECT_EQ(second.response().status, 200);  // For any other an EventSource would not come again.
  const EventSource::Event error = second.NextNamed("error");
  EXPECT_THAT(error.data, HasSubstr(R"({"error":{"code":"STREAMS_LIMIT")"));
  EXPECT_EQ(second.Next(), std::nullopt);
  EXPECT_TRUE(second.complete());
}

// An EventSource that is given an event without an id, the first on its stream, would begin again at `from`.
TEST_F(HttpApiStreamTest, WhoIsToldToComeAgainKeepsItsPlace) {
  broker::ServerOptions options = Options();
  options.limits.streams_max = 1;
  Restart(options);
  EventSource first = Open("from=now");
  ASSERT_EQ(first.Next()->name, "start");
  EXPECT_EQ(Open("from=beginning", "Last-Event-ID: 4\r\n").NextNamed("error").id, "4");
}

TEST_F(HttpApiStreamTest, AStreamThatEndsSaysWhy) {
  AppendNumbered(server_->log(), "bot", 0, 1);
  EventSource source = Open("from=now");
  ASSERT_EQ(source.Next()->name, "start");
  ASSERT_TRUE(testing::DeleteInstance(server_->log(), "bot").ok());
  EXPECT_THAT(source.NextNamed("error").data, HasSubstr("INSTANCE_DELETED"));
  EXPECT_EQ(source.Next(), std::nullopt);
  EXPECT_TRUE(source.complete());

  EventSource stopped = Open("from=now");
  ASSERT_EQ(stopped.Next()->name, "start");
  server_->server().Shutdown(absl::Minutes(1));
  EXPECT_THAT(stopped.NextNamed("error").data, HasSubstr(R"("code":"SHUTTING_DOWN")"));
  EXPECT_TRUE(stopped.Next() == std::nullopt && stopped.complete());
}

TEST_F(HttpApiStreamTest, AClientThatIsGoneLeavesNothingBehind) {
  {
    EventSource source = Open("from=now");
    ASSERT_EQ(source.Next()->name, "start");
    EXPECT_EQ(server_->server().streams().size(), 1u);
  }
  // Only the head of a stream is asked for.
  testing::HttpConnection connection(address());
  connection.Send(absl::StrCat("HEAD ", kEvents, "?from=now HTTP/1.1\r\n", connection.host_header(),
                               "Accept: text/event-stream\r\n\r\n"));
  EXPECT_EQ(connection.Receive(true).status, 200);
  AwaitNoStreams();
}

TEST_F(HttpApiStreamTest, AClientThatDoesNotReadIsCutOffAndLosesNothing) {
  broker::ServerOptions options = Options();
  options.limits.http_write_timeout = absl::Milliseconds(300);
  Restart(options);
  constexpr int64_t kCount = 20'000;
  EventSource source = Open("from=beginning");
  for (int64_t i = 0; i < kCount; i += 1000) {
    AppendNumbered(server_->log(), "bot", static_cast<uint64_t>(i), 1000, "number", 1000);
  }
  // It holds what sockets hold, and one delivery.
  AwaitNoStreams();
  // What was on its way still arrives; then the stream ends without an end.
  int64_t seen = 0;
  while (const auto event = source.Next()) {
    if (event->name != "message") continue;
    ASSERT_EQ(json::parse(event->data).at("data").as_int64(), seen++);
  }
  EXPECT_LT(seen, kCount);
  EXPECT_FALSE(source.complete());
  std::string last_event_id = source.last_event_id();
  while (seen < kCount) {  // On a busy machine it may be slow once more.
    EventSource again = Open("from=beginning", absl::StrCat("Last-Event-ID: ", last_event_id, "\r\n"));
    while (seen < kCount) {
      const auto event = again.Next();
      if (!event) break;
      last_event_id = event->id;
      if (event->name != "message") continue;
      ASSERT_EQ(json::parse(event->data).at("data").as_int64(), seen++);
    }
  }
}

class HttpApiManyTest : public HttpApiStreamTest {
 protected:
  EventSource OpenMany(absl::string_view query, absl::string_view headers = "") {
    return EventSource(address(), absl::StrCat("/v1/events?", query), headers);
  }
};

TEST_F(HttpApiManyTest, EventsOfManyComeInTheOrderOfTheStoreAndResumeByPosition) {
  AppendNumbered(server_->log(), "shop-1", 0, 2);
  AppendNumbered(server_->log(), "other", 100, 1);
  AppendNumbered(server_->log(), "shop-2", 2, 1);
  EventSource source = OpenMany("from=beginning&prefix=shop-");
  EXPECT_EQ(source.Next()->name, "start");
  EXPECT_EQ(json::parse(source.NextNamed("message").data).at("data").as_int64(), 0);
  const EventSource::Event second = source.NextNamed("message");
  EXPECT_EQ(json::parse(second.data).at("instance").as_string(), "shop-1");
  EXPECT_THAT(second.id, HasSubstr("pos_"));
  EXPECT_EQ(json::parse(source.NextNamed("message").data).at("instance").as_string(), "shop-2");
  const EventSource::Event caught_up = source.NextNamed("caught_up");
  EXPECT_EQ(caught_up.data, absl::StrCat(R"({"position":")", caught_up.id, "\"}"));

  EventSource again = OpenMany("from=beginning&prefix=shop-", absl::StrCat("Last-Event-ID: ", second.id, "\r\n"));
  EXPECT_EQ(json::parse(again.NextNamed("message").data).at("data").as_int64(), 2);
  AppendNumbered(server_->log(), "shop-new", 3, 1);
  EXPECT_EQ(json::parse(again.NextNamed("message").data).at("instance").as_string(), "shop-new");

  EventSource named = OpenMany("from=beginning&instances=other,shop-2");
  EXPECT_EQ(json::parse(named.NextNamed("message").data).at("data").as_int64(), 100);
  EXPECT_EQ(json::parse(named.NextNamed("message").data).at("data").as_int64(), 2);
  EventSource all = OpenMany("from=beginning");
  for (int i = 0; i < 5; ++i) all.NextNamed("message");
}

TEST_F(HttpApiManyTest, BadSourcesAndPositionsAreRefused) {
  const std::pair<const char*, const char*> kBad[] = {
      {"from=now&prefix=a&instances=b", "SOURCES_INVALID"},
      {"from=now&prefix=", "SOURCES_INVALID"},
      {"after=17", "POSITION_INVALID"},
      {"prefix=a", "START_REQUIRED"},
      {"from=now&instances=no/name", "INSTANCE_NAME_INVALID"},
  };
  for (const auto& [query, code] : kBad) {
    SCOPED_TRACE(query);
    const EventSource refused = OpenMany(query);
    EXPECT_EQ(refused.response().status, 400);
    EXPECT_EQ(refused.response().headers.at("error-code"), code);
  }
}

}  // namespace
}  // namespace playhead
