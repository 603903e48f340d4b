// Access to the HTTP API: keys, access tokens, and pages of other origins. And that the API's description is correct.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "playhead/v1/keys.pb.h"
#include "tests/support/event_source.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace json = boost::json;

using testing::EventSource;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::KeyClient;
using testing::KeyRequest;
using testing::TempDir;
using testing::TestServer;

constexpr char kAdminSecret[] = "the-administrator-of-a-test-of-the-http-api";
constexpr char kPage[] = "https://app.example";
constexpr char kJson[] = "Content-Type: application/json\r\n";
constexpr char kEvent[] = R"({"type":"t","data":1})";

std::string Bearer(const std::string& secret) { return absl::StrCat("Authorization: Bearer ", secret, "\r\n"); }

class HttpApiAccessTest : public ::testing::Test {
 protected:
  HttpApiAccessTest() {
    const std::string secret_file = dir_.path() + "/admin";
    std::ofstream(secret_file) << kAdminSecret << "\n";
    chmod(secret_file.c_str(), 0600);
    options_ = testing::TestServerOptions();
    options_.store.data_dir = dir_.path() + "/store";
    options_.http_listen = "127.0.0.1:0";
    options_.http_cors_origins = {kPage};
    options_.admin_secret_file = secret_file;
    options_.limits.refusal_delay = absl::Milliseconds(1);
    server_.emplace(options_);
  }

  HttpResponse Call(absl::string_view method, absl::string_view path, absl::string_view headers = "",
                    absl::string_view body = "") {
    return HttpConnection(address()).Call(method, path, headers, body);
  }
  std::string address() { return server_->server().http_address(); }

  v1::CreateKeyResponse Key(const std::vector<v1::Permission>& permissions, const std::vector<std::string>& instances) {
    v1::CreateKeyResponse response;
    EXPECT_TRUE(
        KeyClient(server_->channel(), kAdminSecret).CreateKey(KeyRequest(permissions, instances), response).ok());
    return response;
  }
  std::string Mint(const std::string& secret, absl::string_view body) {
    const HttpResponse response = Call("POST", "/v1/access_tokens", absl::StrCat(kJson, Bearer(secret)), body);
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? std::string(json::parse(response.body).at("access_token").as_string()) : "";
  }
  static std::string Code(const HttpResponse& response) {
    const auto code = response.headers.find("error-code");
    return code == response.headers.end() ? "" : code->second;
  }

  const TempDir dir_;
  broker::ServerOptions options_;
  std::optional<TestServer> server_;
};

TEST_F(HttpApiAccessTest, AKeyComesInEitherHeaderAndCoversWhatItCovers) {
  const std::string secret = Key({v1::PERMISSION_APPEND, v1::PERMISSION_SUBSCRIBE}, {"shop-*"}).secret();
  EXPECT_EQ(Call("POST", "/v1/instances/shop-1/events", absl::StrCat(kJson, Bearer(secret)), kEvent).status, 200);
  const std::string by_header = absl::StrCat("X-API-Key: ", secret, "\r\n");
  EXPECT_EQ(Call("GET", "/v1/instances/shop-1/events?after=0", by_header).status, 200);
  EXPECT_EQ(Code(Call("GET", "/v1/instances/bot/events?after=0", by_header)), "PERMISSION_DENIED");
  EXPECT_EQ(Code(Call("POST", "/v1/instances/bot/events", absl::StrCat(kJson, by_header), kEvent)),
            "PERMISSION_DENIED");
  EXPECT_EQ(Code(Call("DELETE", "/v1/instances/shop-1", by_header)), "PERMISSION_DENIED");
  for (const char* path : {"/v1/instances", "/v1/instances/shop-1", "/v1/instances/shop-1/events?after=0",
                           "/v1/events?from=now", "/v1/instances/shop-1/events?after=0&access_token=x"}) {
    EXPECT_EQ(Code(Call("GET", path)), "UNAUTHENTICATED") << path;
    EXPECT_EQ(Call("GET", path).headers.at("www-authenticate"), "Bearer");
  }
  EXPECT_EQ(Code(Call("POST", "/v1/instances/shop-1/events", kJson, kEvent)), "UNAUTHENTICATED");
}

TEST_F(HttpApiAccessTest, AnAccessTokenReadsWhatItWasMintedForAndNoMore) {
  const std::string secret =
      Key({v1::PERMISSION_APPEND, v1::PERMISSION_SUBSCRIBE, v1::PERMISSION_MANAGE}, {"shop-*", "bot"}).secret();
  Call("POST", "/v1/instances/shop-1/events", absl::StrCat(kJson, Bearer(secret)), kEvent);
  Call("POST", "/v1/instances/bot/events", absl::StrCat(kJson, Bearer(secret)), kEvent);
  const std::string token = "access_token=" + Mint(secret, R"({"instances":"shop-*"})");
  EXPECT_EQ(Call("GET", "/v1/instances/shop-1/events?after=0&" + token).status, 200);
  EventSource source(address(), "/v1/instances/shop-1/events?from=beginning&" + token);
  EXPECT_EQ(source.NextNamed("message").id, "1");
  EventSource many(address(), "/v1/events?from=beginning&" + token);
  EXPECT_THAT(many.NextNamed("message").data, HasSubstr("shop-1"));
  EXPECT_EQ(many.Next()->name, "caught_up");  // Nothing of bot.
  const std::string rows = Call("GET", "/v1/instances?" + token).body;
  EXPECT_THAT(rows, HasSubstr("shop-1"));
  EXPECT_THAT(rows, ::testing::Not(HasSubstr("bot")));

  EXPECT_EQ(Code(Call("GET", "/v1/instances/bot/events?after=0&" + token)), "PERMISSION_DENIED");
  EXPECT_EQ(Code(Call("GET", "/v1/events?from=now&prefix=b&" + token)), "PERMISSION_DENIED");
  EXPECT_EQ(Code(Call("DELETE", "/v1/instances/shop-1?" + token)), "UNAUTHENTICATED");
  EXPECT_EQ(Code(Call("POST", "/v1/instances/shop-1/events?" + token, kJson, kEvent)), "UNAUTHENTICATED");
  EXPECT_EQ(Code(Call("POST", "/v1/access_tokens?" + token, kJson, R"({"instances":"shop-1"})")), "UNAUTHENTICATED");
  std::string forged = token;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Code(Call("GET", "/v1/instances/shop-1/events?after=0&" + forged)), "UNAUTHENTICATED");
}

TEST_F(HttpApiAccessTest, ATokenCannotLendMoreThanItsKeyHas) {
  const std::string reader = Key({v1::PERMISSION_SUBSCRIBE}, {"shop-*"}).secret();
  const std::string writer = Key({v1::PERMISSION_APPEND}, {"shop-*"}).secret();
  const auto code = [this](const std::string& secret, absl::string_view body) {
    return Code(Call("POST", "/v1/access_tokens", absl::StrCat(kJson, Bearer(secret)), body));
  };
  EXPECT_EQ(code(reader, R"({"instances":"*"})"), "PERMISSION_DENIED");
  EXPECT_EQ(code(reader, R"({"instances":"sho*"})"), "PERMISSION_DENIED");
  EXPECT_EQ(code(reader, R"({"instances":"bot"})"), "PERMISSION_DENIED");
  EXPECT_EQ(code(writer, R"({"instances":"shop-1"})"), "PERMISSION_DENIED");
  EXPECT_EQ(code(reader, R"({"instances":""})"), "KEY_INVALID");
  EXPECT_EQ(code(reader, R"({"instances":"shop-1","lifetime_seconds":0})"), "LIMIT_INVALID");
  EXPECT_EQ(code(reader, R"({"instances":"shop-1","lifetime_seconds":3601})"), "LIMIT_INVALID");
  EXPECT_EQ(code(reader, R"({"instances":"shop-1","ttl":1})"), "MALFORMED_REQUEST");
  EXPECT_EQ(code(reader, "x"), "MALFORMED_REQUEST");
}

TEST_F(HttpApiAccessTest, RevokingTheKeyEndsItsStreamsAndTokens) {
  const v1::CreateKeyResponse key = Key({v1::PERMISSION_SUBSCRIBE}, {"bot"});
  const std::string token = "access_token=" + Mint(key.secret(), R"({"instances":"bot"})");
  EventSource by_token(address(), "/v1/instances/bot/events?from=now&" + token);
  EventSource by_key(address(), "/v1/instances/bot/events?from=now", Bearer(key.secret()));
  ASSERT_EQ(by_token.Next()->name, "start");
  ASSERT_EQ(by_key.Next()->name, "start");
  ASSERT_TRUE(KeyClient(server_->channel(), kAdminSecret).RevokeKey(key.key().id()).ok());
  EXPECT_THAT(by_token.NextNamed("error").data, HasSubstr("KEY_REVOKED"));
  EXPECT_THAT(by_key.NextNamed("error").data, HasSubstr("KEY_REVOKED"));
  EXPECT_EQ(Code(Call("GET", "/v1/instances/bot/events?after=0&" + token)), "KEY_REVOKED");
}

TEST_F(HttpApiAccessTest, TokensOutliveARestartOfTheBroker) {
  const std::string secret = Key({v1::PERMISSION_SUBSCRIBE}, {"bot"}).secret();
  const std::string token = "access_token=" + Mint(secret, R"({"instances":"bot","lifetime_seconds":600})");
  server_.reset();
  server_.emplace(options_);
  EXPECT_EQ(Call("GET", "/v1/instances/bot/events?after=0&" + token).status, 200);
}

TEST_F(HttpApiAccessTest, PagesOfOriginsThatAreAllowedMayAskAndNoOthers) {
  const std::string origin = absl::StrCat("Origin: ", kPage, "\r\n");
  const std::string wanted =
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\n";
  const HttpResponse preflight = Call("OPTIONS", "/v1/instances/bot/events", origin + wanted);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), kPage);
  EXPECT_THAT(preflight.headers.at("access-control-allow-methods"), HasSubstr("POST"));
  EXPECT_EQ(preflight.headers.at("access-control-allow-headers"), "authorization,content-type");
  const HttpResponse refused = Call("GET", "/v1/instances", origin);
  EXPECT_EQ(refused.status, 401);  // And the page may read why.
  EXPECT_EQ(refused.headers.at("access-control-allow-origin"), kPage);
  EventSource source(address(), "/v1/instances/bot/events?from=now", origin + Bearer(kAdminSecret));
  EXPECT_EQ(source.response().headers.at("access-control-allow-origin"), kPage);

  const HttpResponse stranger = Call("GET", "/v1/openapi.json", "Origin: https://evil.example\r\n");
  EXPECT_EQ(stranger.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(Call("OPTIONS", "/v1/instances", "Origin: https://evil.example\r\n" + wanted).status, 405);
  // What is not for pages stays so.
  EXPECT_EQ(Call("GET", "/healthz", origin).headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(Call("OPTIONS", "/metrics", origin + "Access-Control-Request-Method: GET\r\n").status, 405);
}

TEST_F(HttpApiAccessTest, PagesOfOriginsThatAreAllowedMaySpeakTheDialectsToo) {
  const std::string origin = absl::StrCat("Origin: ", kPage, "\r\n");
  const std::string evil = "Origin: https://evil.example\r\n";
  const std::string wanted = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
  for (const char* path : {"/socket.io/", "/token"}) {
    SCOPED_TRACE(path);
    const HttpResponse preflight = Call("OPTIONS", path, origin + wanted);
    EXPECT_EQ(preflight.status, 204);
    EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), kPage);
    EXPECT_NE(Call("OPTIONS", path, evil + wanted).status, 204);
  }
  // Refusals are theirs to read as well.
  const HttpResponse handshake = Call("GET", "/socket.io/?EIO=3&transport=polling", origin);
  EXPECT_EQ(handshake.status, 400);
  EXPECT_EQ(handshake.headers.at("access-control-allow-origin"), kPage);
  const HttpResponse token = Call("POST", "/token", absl::StrCat(kJson, origin), "{}");
  EXPECT_GE(token.status, 400);
  EXPECT_EQ(token.headers.at("access-control-allow-origin"), kPage);
  const HttpResponse stranger = Call("GET", "/socket.io/?EIO=4&transport=polling", evil);
  EXPECT_EQ(stranger.status, 200);  // It is the browser that keeps it from the page.
  EXPECT_EQ(stranger.headers.count("access-control-allow-origin"), 0u);
}

TEST_F(HttpApiAccessTest, ABrokerThatRunsOpenLetsOnlyThosePagesIn) {
  options_.admin_secret_file.clear();
  options_.store.data_dir = dir_.path() + "/open";
  server_.reset();
  server_.emplace(options_);
  EXPECT_EQ(Call("GET", "/v1/instances", absl::StrCat("Origin: ", kPage, "\r\n")).status, 200);
  EXPECT_EQ(Code(Call("GET", "/v1/instances", "Origin: https://evil.example\r\n")), "ORIGIN_REFUSED");
  EXPECT_EQ(Code(Call("GET", "/metrics", absl::StrCat("Origin: ", kPage, "\r\n"))), "ORIGIN_REFUSED");
  // WebSockets among them, to which browsers do not apply CORS.
  const std::string upgrade =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string socket = "/socket.io/?EIO=4&transport=websocket";
  EXPECT_EQ(Code(Call("GET", socket, upgrade + "Origin: https://evil.example\r\n")), "ORIGIN_REFUSED");
  HttpConnection page(address());
  page.Send(absl::StrCat("GET ", socket, " HTTP/1.1\r\n", page.host_header(), upgrade, "Origin: ", kPage, "\r\n\r\n"));
  EXPECT_EQ(page.ReceiveBytes(12), "HTTP/1.1 101");
  // A token is minted, so that a page works with both kinds of broker, and says nothing here.
  EXPECT_EQ(Call("POST", "/v1/access_tokens", kJson, R"({"instances":"*"})").status, 200);
  EXPECT_EQ(Call("GET", "/v1/instances?access_token=anything").status, 200);
}

TEST(HttpCorsOrigins, WhatIsNoOriginIsToldAtTheStart) {
  const TempDir dir;
  for (const char* origin : {"app.example", "https://app.example/", "https://", "", "https://*.example"}) {
    broker::ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir.path();
    options.http_listen = "127.0.0.1:0";
    options.http_cors_origins = {origin};
    EXPECT_EQ(broker::Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument) << origin;
  }
}

// What the description needs to be asked for each of its operations.
struct Example {
  std::string query;
  std::string body;
};

Example ExampleOf(const std::string& operation) {
  if (operation == "appendEvents") return {"", kEvent};
  if (operation == "mintAccessToken") return {"", R"({"instances":"bot"})"};
  if (operation == "readEvents" || operation == "readManyEvents") return {"?from=beginning", ""};
  return {};
}

class OpenApiTest : public HttpApiAccessTest {
 protected:
  HttpResponse Ask(const std::string& method, const std::string& path, const Example& example,
                   absl::string_view headers) {
    const std::string target = absl::StrCat(absl::StrReplaceAll(path, {{"{name}", "bot"}}), example.query);
    // A stream has no end: its head is what counts.
    if (path == "/v1/events") return EventSource(address(), target, headers).response();
    return Call(absl::AsciiStrToUpper(method), target, absl::StrCat(kJson, headers), example.body);
  }
};

TEST_F(OpenApiTest, EveryOperationIsThereAndAnswersAsItSays) {
  const HttpResponse served = Call("GET", "/v1/openapi.json");
  ASSERT_EQ(served.status, 200);
  std::ifstream file("broker/http_api/openapi.json");
  EXPECT_EQ(json::parse(served.body), json::parse(std::string(std::istreambuf_iterator<char>(file), {})));
  const json::value document = json::parse(served.body);
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  ASSERT_EQ(Call("POST", "/v1/instances/bot/events", absl::StrCat(kJson, Bearer(kAdminSecret)), kEvent).status, 200);
  int operations = 0;
  const auto try_out = [&](const std::string& path, const std::string& method, const json::value& operation) {
    const std::string id(operation.at("operationId").as_string());
    SCOPED_TRACE(id);
    ++operations;
    const json::object& responses = operation.at("responses").as_object();
    const HttpResponse good = Ask(method, path, ExampleOf(id), Bearer(kAdminSecret));
    EXPECT_LT(good.status, 300) << good.body;
    EXPECT_TRUE(responses.contains(absl::StrCat(good.status))) << good.status;
    const HttpResponse stranger = Ask(method, path, ExampleOf(id), "");
    EXPECT_TRUE(responses.contains(absl::StrCat(stranger.status))) << stranger.status;
    EXPECT_EQ(stranger.status == 401, responses.contains("401"));
    const HttpResponse odd = Ask(method, path, {"?no_such_parameter=1", ExampleOf(id).body}, Bearer(kAdminSecret));
    EXPECT_TRUE(responses.contains(absl::StrCat(odd.status))) << odd.status;
  };
  for (const auto& [path, item] : document.at("paths").as_object()) {
    // Deleting comes last, so that the others find what they ask for.
    for (const bool deletes : {false, true}) {
      for (const auto& [method, operation] : item.as_object()) {
        if (method == "parameters" || (method == "delete") != deletes) continue;
        try_out(std::string(path), std::string(method), operation);
        if (deletes) Call("POST", "/v1/instances/bot/events", absl::StrCat(kJson, Bearer(kAdminSecret)), kEvent);
      }
    }
  }
  EXPECT_EQ(operations, 9);
}

TEST_F(OpenApiTest, EveryRouteIsInItWithItsMethods) {
  const json::value document = json::parse(Call("GET", "/v1/openapi.json").body);
  // The figures have rows for each route.
  const std::string figures = Call("GET", "/metrics", Bearer(kAdminSecret)).body;
  std::set<std::string> routes;
  for (size_t at = 0; (at = figures.find("route=\"/v1/", at)) != std::string::npos; ++at) {
    const size_t begin = at + 7;
    routes.insert(figures.substr(begin, figures.find('"', begin) - begin));
  }
  for (const std::string& route : routes) {
    SCOPED_TRACE(route);
    const json::value* const item = document.at("paths").as_object().if_contains(route);
    ASSERT_NE(item, nullptr);
    std::set<std::string> methods;
    for (const auto& [name, operation] : item->as_object()) {
      if (name != "parameters") methods.insert(absl::AsciiStrToUpper(std::string(name)));
    }
    std::set<std::string> allowed =
        absl::StrSplit(Call("OPTIONS", absl::StrReplaceAll(route, {{"{name}", "bot"}})).headers.at("allow"), ", ");
    allowed.erase("HEAD");
    EXPECT_EQ(methods, allowed);
  }
  EXPECT_EQ(routes.size(), document.at("paths").as_object().size());
}

}  // namespace
}  // namespace playhead
