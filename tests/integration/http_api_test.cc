// The HTTP API as its clients see it, over real sockets: appends, pages and instances.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/event_log.h"
#include "storage/limits.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::TestServer;

constexpr char kEvents[] = "/v1/instances/bot/events";
constexpr char kJson[] = "Content-Type: application/json\r\n";

broker::ServerOptions Options() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  return options;
}

class HttpApiTest : public ::testing::Test {
 protected:
  HttpResponse Call(absl::string_view method, absl::string_view path, absl::string_view headers = "",
                    absl::string_view body = "") {
    return HttpConnection(server_.server().http_address()).Call(method, path, headers, body);
  }
  HttpResponse Post(absl::string_view body, absl::string_view headers = kJson, absl::string_view path = kEvents) {
    return Call("POST", path, headers, body);
  }
  HttpResponse Get(absl::string_view path) { return Call("GET", path); }

  // Everything of `bot`.
  json::array Events() {
    const HttpResponse response = Get(absl::StrCat(kEvents, "?from=beginning&limit=10000"));
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).at("events").as_array();
  }
  uint64_t Head() { return Events().size(); }

  void ExpectRefused(const HttpResponse& response, int status, const std::string& code) {
    EXPECT_EQ(response.status, status) << response.body;
    const auto header = response.headers.find("error-code");
    EXPECT_EQ(header == response.headers.end() ? "" : header->second, code) << response.body;
    EXPECT_THAT(response.body, HasSubstr(absl::StrCat("\"code\":\"", code, "\"")));
  }

  TestServer server_{Options()};
};

TEST_F(HttpApiTest, AnEventComesBackByteForByte) {
  const std::string data =
      "{\"n\": 1.0,\r\n \"big\":123456789012345678901234567890, \"half\":\"\\ud83d\", \"e\":1e999}";
  const HttpResponse appended =
      Post(absl::StrCat(R"({"type":"message","id":"m-1","created_at":"2026-01-02T03:04:05.000006Z",)",
                        R"("attributes":{"k":"ü"},"data":)", data, "}"));
  EXPECT_EQ(appended.status, 200);
  EXPECT_EQ(appended.body, R"({"cursors":[1],"duplicates":[],"head_cursor":1,"durability":"OS"})");
  const HttpResponse page = Get(absl::StrCat(kEvents, "?from=beginning"));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr(R"({"events":[{"instance":"bot","cursor":1,"type":"message","id":"m-1",)"
                                   R"("created_at":"2026-01-02T03:04:05.000006Z","appended_at":")"));
  EXPECT_THAT(page.body, HasSubstr(absl::StrCat(R"("attributes":{"k":"ü"},"data":)", data, "}]")));
  EXPECT_THAT(page.body, HasSubstr(R"("next_cursor":1,"first_cursor":1,"head_cursor":1,"end_reached":true})"));
}

TEST_F(HttpApiTest, BytesThatAreNoJsonComeAndGoAsBase64) {
  EXPECT_EQ(Post(R"({"type":"photo","data_base64":"AAH/"})").status, 200);
  EXPECT_EQ(Events()[0].at("data_base64").as_string(), "AAH/");
}

TEST_F(HttpApiTest, ABatchIsOneAppend) {
  EXPECT_EQ(Post(R"({"events":[{"type":"a","data":1},{"type":"b","data":2}]})").body,
            R"({"cursors":[1,2],"duplicates":[],"head_cursor":2,"durability":"OS"})");
  EXPECT_EQ(Post("{\"type\":\"c\",\"data\":3}\r\n\n{\"type\":\"d\",\"data\":4}",
                 "Content-Type: application/x-ndjson; charset=utf-8\r\n")
                .body,
            R"({"cursors":[3,4],"duplicates":[],"head_cursor":4,"durability":"OS"})");
}

TEST_F(HttpApiTest, WhatAFetchSaysCanBeAppendedElsewhereButForWhatTheBrokerSets) {
  Post(R"({"type":"a","id":"1","attributes":{"k":"v"},"data":[1,2]})");
  json::value event = Events()[0];
  ExpectRefused(Post(json::serialize(event)), 400, "BROKER_FIELD_SET");
  event.as_object().erase("cursor");
  event.as_object().erase("appended_at");
  EXPECT_THAT(Post(json::serialize(event)).body, HasSubstr(R"("duplicates":[0])"));
}

TEST_F(HttpApiTest, AnIdIsStoredOnce) {
  EXPECT_EQ(Post(R"({"type":"t","id":"x","data":1})").status, 200);
  EXPECT_EQ(Post(R"({"events":[{"type":"t","data":0},{"type":"t","id":"x","data":1}]})").body,
            R"({"cursors":[2,1],"duplicates":[1],"head_cursor":2,"durability":"OS"})");
  ExpectRefused(Post(R"({"events":[{"type":"t","data":7},{"type":"t","id":"x","data":2}]})"), 409, "ID_CONFLICT");
  EXPECT_EQ(Head(), 2u);
}

TEST_F(HttpApiTest, AnAppendMayDependOnTheHead) {
  const std::string empty = absl::StrCat(kEvents, "?expected_cursor=0");
  EXPECT_EQ(Post(R"({"type":"t","data":1})", kJson, empty).status, 200);
  const HttpResponse refused = Post(R"({"type":"t","data":2})", kJson, empty);
  ExpectRefused(refused, 400, "CURSOR_MISMATCH");
  EXPECT_THAT(refused.body, HasSubstr("\"head_cursor\":1"));
  EXPECT_EQ(Head(), 1u);
}

TEST_F(HttpApiTest, CloudEventsAreTakenInEachMode) {
  const std::string one =
      R"({"specversion":"1.0","id":"7","source":"/shop","type":"order.made","time":"2026-01-02T03:04:05Z",)"
      R"("subject":"o7","priority":3,"data":{"n": 1.0}})";
  EXPECT_EQ(Post(one, "Content-Type: application/cloudevents+json; charset=UTF-8\r\n").status, 200);
  // The same id of another source is another event.
  EXPECT_EQ(Post(R"([{"specversion":"1.0","id":"7","source":"/mall","type":"t","datacontenttype":"text/plain",)"
                 R"("data":"a\nb"},)" +
                     one + "]",
                 "Content-Type: application/cloudevents-batch+json\r\n")
                .body,
            R"({"cursors":[2,1],"duplicates":[1],"head_cursor":2,"durability":"OS"})");
  EXPECT_EQ(Post("{\"any\":  1}",
                 "Content-Type: application/json\r\nce-specversion: 1.0\r\nce-id: 9\r\nCE-Source: /shop\r\n"
                 "ce-type: t\r\nce-subject: %C3%BC\r\nce-note: \"a \\\"b\\\" %25\"\r\n")
                .status,
            200);
  EXPECT_EQ(
      Post(R"({"specversion":"1.0","id":"10","source":"/shop","type":"t","data":1})",
           "Content-Type: application/cloudevents+json\r\nce-specversion: 1.0\r\nce-id: 10\r\nce-source: /shop\r\n"
           "ce-type: t\r\n")
          .status,
      200)
      << "a structured event may say itself in headers, too";
  const json::array events = Events();
  EXPECT_EQ(events[0].at("id").as_string(), "/shop 7");
  EXPECT_EQ(events[0].at("created_at").as_string(), "2026-01-02T03:04:05.000000Z");
  EXPECT_EQ(json::serialize(events[0].at("attributes")),
            R"({"ce-priority":"3","ce-source":"/shop","ce-subject":"o7"})");
  EXPECT_EQ(events[1].at("id").as_string(), "/mall 7");
  EXPECT_EQ(events[1].at("data_base64").as_string(), std::string(absl::Base64Escape("a\nb")));
  EXPECT_EQ(events[2].at("attributes").at("ce-subject").as_string(), "ü");
  EXPECT_EQ(events[2].at("attributes").at("ce-note").as_string(), R"(a "b" %)");
  EXPECT_EQ(events[3].at("data").as_int64(), 1);
  EXPECT_EQ(events[2].at("attributes").at("content-type").as_string(), "application/json");
}

TEST_F(HttpApiTest, ABadAppendIsRefusedWholeAndStoresNothing) {
  const struct {
    std::string body;
    const char* headers;
    int status;
    const char* code;
  } kBad[] = {
      {"", kJson, 400, "EVENT_INVALID"},
      {"{", kJson, 400, "EVENT_INVALID"},
      {"[]", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t","data":1} x)", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t","data":nope})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t"})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"","data":1})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"playhead.x","data":1})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t","data":1,"colour":"red"})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t","data":1,"instance":"other"})", kJson, 400, "EVENT_INVALID"},
      {R"({"type":"t","data":1,"cursor":4})", kJson, 400, "BROKER_FIELD_SET"},
      {R"({"events":[]})", kJson, 400, "BATCH_EMPTY"},
      {R"({"events":[{"type":"t","data":1},{"type":"t"}]})", kJson, 400, "EVENT_INVALID"},
      {R"({"events":[{"type":"t","data":1}],"more":1})", kJson, 400, "EVENT_INVALID"},
      {absl::StrCat(R"({"type":"t","data":)", std::string(200, '['), std::string(200, ']'), "}"), kJson, 400,
       "EVENT_INVALID"},
      {absl::StrCat(R"({"type":"t","data":")", std::string(size_t{1} << 20, 'x'), "\"}"), kJson, 400,
       "EVENT_TOO_LARGE"},
      {std::string(size_t{5} << 20, ' '), kJson, 413, "BODY_TOO_LARGE"},
      {"{\"type\":\"t\",\"data\":1}\n{\"type\":\"t\"}\n", "Content-Type: application/x-ndjson\r\n", 400,
       "EVENT_INVALID"},
      {R"({"type":"t","data":1})", "Content-Type: application/x-www-form-urlencoded\r\n", 415, "MALFORMED_REQUEST"},
      {R"({"type":"t","data":1})", "", 415, "MALFORMED_REQUEST"},
      {R"({"specversion":"0.3","id":"1","source":"s","type":"t"})", "Content-Type: application/cloudevents+json\r\n",
       400, "EVENT_INVALID"},
      {"1", "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: s\r\n", 400, "EVENT_INVALID"},
      {"1", "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: s\r\nce-type: \"t\r\n", 400, "EVENT_INVALID"},
  };
  for (const auto& bad : kBad) {
    SCOPED_TRACE(bad.body.substr(0, 100));
    ExpectRefused(Post(bad.body, bad.headers), bad.status, bad.code);
  }
  std::string many = R"({"events":[)";
  for (size_t i = 0; i <= storage::kBatchEventsMax; ++i)
    absl::StrAppend(&many, i == 0 ? "" : ",", R"({"type":"t","data":1})");
  ExpectRefused(Post(many + "]}"), 400, "BATCH_TOO_LARGE");
  ExpectRefused(Post("{}", kJson, "/v1/instances/no%2Fname/events"), 400, "INSTANCE_NAME_INVALID");
  EXPECT_EQ(Head(), 0u);
}

TEST_F(HttpApiTest, APageSaysWhereTheNextOneStarts) {
  for (int i = 1; i <= 5; ++i) {
    Post(absl::StrCat(R"({"type":")", i % 2 == 0 ? "even" : "odd", R"(","id":"id-)", i, R"(","data":)", i, "}"));
  }
  const auto cursors = [this](absl::string_view query) {
    const HttpResponse response = Get(absl::StrCat(kEvents, "?", query));
    EXPECT_EQ(response.status, 200) << response.body;
    std::vector<int64_t> out;
    const json::value page = json::parse(response.body);
    for (const json::value& event : page.at("events").as_array()) out.push_back(event.at("cursor").as_int64());
    out.push_back(page.at("next_cursor").as_int64());
    return out;
  };
  EXPECT_THAT(cursors("after=0&limit=2"), ElementsAre(1, 2, 2));
  EXPECT_THAT(cursors("after=2&limit=2"), ElementsAre(3, 4, 4));
  EXPECT_THAT(cursors("after=4"), ElementsAre(5, 5));
  EXPECT_THAT(cursors("after=0&types=even"), ElementsAre(2, 4, 5));
  EXPECT_THAT(cursors("after=0&types=nothing,ev*"), ElementsAre(2, 4, 5));
  EXPECT_THAT(cursors("after=0&id_prefix=id-3"), ElementsAre(3, 5));
  EXPECT_THAT(cursors("after=0&until=2"), ElementsAre(1, 2, 2));
  EXPECT_THAT(cursors("from=beginning&reverse=true&limit=2"), ElementsAre(5, 4, 3));
  EXPECT_THAT(cursors("from=now"), ElementsAre(5));
  EXPECT_THAT(cursors("from=2001-01-01T00:00:00Z&limit=1"), ElementsAre(1, 1));
}

TEST_F(HttpApiTest, ALongPageComesInPiecesAndWhole) {
  testing::AppendNumbered(server_.log(), "bot", 0, 300, "number", 4000);
  const json::array events = Events();
  ASSERT_EQ(events.size(), 300u);
  for (int64_t i = 0; i < 300; ++i) ASSERT_EQ(events[static_cast<size_t>(i)].at("data").as_int64(), i);
}

TEST_F(HttpApiTest, WhatWasTrimmedIsAnErrorOrAGap) {
  testing::AppendNumbered(server_.log(), "bot", 0, 10);
  const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server_.log().OpenInstance("bot", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                server_.log().Trim(*instance, storage::Cursor(4), std::move(done));
              }).ok());
  const HttpResponse refused = Get(absl::StrCat(kEvents, "?after=1"));
  ExpectRefused(refused, 400, "CURSOR_TRIMMED");
  EXPECT_THAT(refused.body, HasSubstr("\"first_cursor\":4"));
  EXPECT_THAT(Get(absl::StrCat(kEvents, "?after=1&allow_gap=true&limit=1")).body,
              HasSubstr(R"("gap":{"cause":"TRIMMED","after_cursor":1,"last_cursor":3,"event_count":2})"));
  ExpectRefused(Get(absl::StrCat(kEvents, "?after=11")), 400, "CURSOR_DIVERGED");
}

TEST_F(HttpApiTest, AQueryThatIsNotUnderstoodIsRefused) {
  const std::pair<const char*, const char*> kBad[] = {
      {"", "START_REQUIRED"},
      {"after=x", "POSITION_INVALID"},
      {"after=-1", "POSITION_INVALID"},
      {"after=1&from=now", "MALFORMED_REQUEST"},
      {"from=noon", "MALFORMED_REQUEST"},
      {"after=0&limit=10001", "LIMIT_INVALID"},
      {"after=0&limit=ten", "MALFORMED_REQUEST"},
      {"after=0&allow_gap=yes", "MALFORMED_REQUEST"},
      {"after=0&alow_gap=true", "MALFORMED_REQUEST"},
      {"after=0&after=1", "MALFORMED_REQUEST"},
      {"after=0&types=a,,b", "FILTER_INVALID"},
  };
  for (const auto& [query, code] : kBad) {
    SCOPED_TRACE(query);
    ExpectRefused(Get(absl::StrCat(kEvents, "?", query)), 400, code);
  }
}

TEST_F(HttpApiTest, InstancesAreListedDescribedAndDeleted) {
  for (const char* name : {"shop-1", "shop-2", "bot"}) {
    EXPECT_EQ(Post(R"({"type":"t","data":1})", kJson, absl::StrCat("/v1/instances/", name, "/events")).status, 200);
  }
  const json::value page = json::parse(Get("/v1/instances?prefix=shop-&page_size=1").body);
  EXPECT_EQ(page.at("instances").as_array().size(), 1u);
  EXPECT_EQ(page.at("instances").at(0).at("name").as_string(), "shop-1");
  const std::string next(page.at("next_page_token").as_string());
  const json::value last = json::parse(Get("/v1/instances?prefix=shop-&page_size=1&page_token=" + next).body);
  EXPECT_EQ(last.at("instances").at(0).at("name").as_string(), "shop-2");
  EXPECT_EQ(last.as_object().if_contains("next_page_token"), nullptr);
  ExpectRefused(Get("/v1/instances?page_token=nonsense"), 400, "PAGE_TOKEN_INVALID");

  const json::value bot = json::parse(Get("/v1/instances/bot").body);
  EXPECT_EQ(bot.at("head_cursor").as_int64(), 1);
  EXPECT_EQ(bot.at("event_count").as_int64(), 1);
  EXPECT_EQ(Call("DELETE", "/v1/instances/bot").status, 204);
  ExpectRefused(Get("/v1/instances/bot"), 404, "INSTANCE_NOT_FOUND");
  ExpectRefused(Call("DELETE", "/v1/instances/bot"), 404, "INSTANCE_NOT_FOUND");
  ExpectRefused(Call("DELETE", "/v1/instances/playhead.audit"), 403, "PERMISSION_DENIED");
  ExpectRefused(Call("PUT", "/v1/instances/bot"), 405, "METHOD_NOT_ALLOWED");
}

}  // namespace
}  // namespace playhead
