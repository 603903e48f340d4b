#include "broker/http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/broker/http/listener_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::broker::http {
namespace {

using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using ::testing::StartsWith;

class ListenerTest : public ListenerFixture {};

TEST_F(ListenerTest, AnswersRequestAfterRequestOnOneConnection) {
  Start();
  HttpConnection client(address());
  for (int i = 0; i < 3; ++i) {
    HttpResponse response = client.Get("/hello");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.headers["content-type"], "text/plain; charset=utf-8");
    EXPECT_EQ(response.headers["x-content-type-options"], "nosniff");
    EXPECT_EQ(response.headers["cache-control"], "no-store");
    EXPECT_THAT(response.headers["date"], ::testing::EndsWith(" GMT"));
    EXPECT_EQ(response.headers.count("connection"), 0u);
  }
}

TEST_F(ListenerTest, PipelinedRequestsAreAnsweredInOrder) {
  Start();
  HttpConnection client(address());
  std::string requests = absl::StrCat("GET /later HTTP/1.1\r\n", client.host_header(), "\r\n");
  for (int i = 0; i < 500; ++i) {
    absl::StrAppend(&requests, "GET /names/", i, " HTTP/1.1\r\n", client.host_header(), "\r\n");
    absl::StrAppend(&requests, "POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: 4\r\n\r\nbody");
  }
  ASSERT_TRUE(client.Send(requests));
  TakeLater().Send(TextResponse(200, "late"));
  EXPECT_EQ(client.Receive().body, "late");
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.Receive().body, absl::StrCat(i));
    ASSERT_EQ(client.Receive().body, "body");
  }
}

TEST_F(ListenerTest, HeadIsGetWithoutTheBody) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("HEAD /hello HTTP/1.1\r\n", client.host_header(), "\r\n"));
  HttpResponse response = client.Receive(/*to_head=*/true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers["content-length"], "5");
  EXPECT_EQ(client.Get("/names/next").body, "next");
}

TEST_F(ListenerTest, Http10ClosesUnlessAskedToStay) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("GET /hello HTTP/1.0\r\n", client.host_header(), "Connection: keep-alive\r\n\r\n"));
  EXPECT_EQ(client.Receive().headers["connection"], "keep-alive");
  client.Send(absl::StrCat("GET /hello HTTP/1.0\r\n", client.host_header(), "\r\n"));
  HttpResponse response = client.Receive();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_EQ(client.ReceiveToEnd(), "");
}

TEST_F(ListenerTest, ClosesWhenAskedTo) {
  Start();
  HttpConnection client(address());
  EXPECT_EQ(client.Get("/hello", "Connection: close\r\n").headers["connection"], "close");
  EXPECT_EQ(client.ReceiveToEnd(), "");
}

TEST_F(ListenerTest, RefusalsSpeakTheVocabularyAndTheConnectionStays) {
  Start();
  HttpConnection client(address());
  HttpResponse response = client.Get("/nothing");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers["error-code"], "ROUTE_NOT_FOUND");
  EXPECT_EQ(response.headers["x-retryable"], "false");
  EXPECT_THAT(response.body, StartsWith(R"({"error":{"code":"ROUTE_NOT_FOUND","message":")"));

  response = client.Get("/echo");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers["allow"], "POST");
  EXPECT_EQ(response.headers["error-code"], "METHOD_NOT_ALLOWED");

  client.Send(absl::StrCat("BREW /hello HTTP/1.1\r\n", client.host_header(), "\r\n"));
  EXPECT_EQ(client.Receive().headers["allow"], "GET, HEAD");
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(ListenerTest, AHandlerThatDropsARequestAnswersInternal) {
  Start();
  HttpConnection client(address());
  HttpResponse response = client.Get("/dropped");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.headers["error-code"], "INTERNAL");
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(ListenerTest, ALongResponseArrivesWhole) {
  Start();
  HttpConnection client(address());
  EXPECT_EQ(client.Get("/long").body.size(), kLongBytes);
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(ListenerTest, ABodyMayComeByteByByte) {
  Start();
  HttpConnection client(address());
  client.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  const std::string request =
      absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: 11\r\n\r\nhello world");
  for (const char& c : request) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Receive().body, "hello world");
}

TEST_F(ListenerTest, ABodyInChunksIsPutTogetherAndItsTrailersAreNoHeaders) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Transfer-Encoding: chunked\r\n\r\n",
                           "5;name=value\r\nhello\r\n", "6\r\n world\r\n", "0\r\nX-Mark: yes\r\n\r\n"));
  HttpResponse response = client.Receive();
  EXPECT_EQ(response.body, "hello world");
  EXPECT_EQ(response.headers["x-marked"], "no");
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(ListenerTest, AsksForTheBodyOfAClientThatWaits) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(),
                           "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 100);
  client.Send("body");
  EXPECT_EQ(client.Receive().body, "body");
}

TEST_F(ListenerTest, RefusesALongBodyWithoutAskingForIt) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: ", kEchoBytesMax + 1,
                           "\r\nExpect: 100-continue\r\n\r\n"));
  HttpResponse response = client.Receive();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.headers["error-code"], "BODY_TOO_LARGE");
  EXPECT_EQ(client.ReceiveToEnd(), "");
}

TEST_F(ListenerTest, TakesABodyOfTheFullLengthEitherWay) {
  Start();
  HttpConnection client(address());
  const std::string body(kEchoBytesMax, 'b');
  client.Send(
      absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: ", body.size(), "\r\n\r\n", body));
  EXPECT_EQ(client.Receive().body, body);
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Transfer-Encoding: chunked\r\n\r\n",
                           absl::Hex(body.size()), "\r\n", body, "\r\n0\r\n\r\n"));
  EXPECT_EQ(client.Receive().body, body);
}

TEST_F(ListenerTest, RefusesABodyThatGrowsTooLongAndTheClientHearsOfIt) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Transfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = absl::StrCat("10000\r\n", std::string(0x10000, 'b'), "\r\n");
  // More than its socket takes: it is still sending when the answer comes.
  for (int i = 0; i < 20 && client.Send(chunk); ++i) {
  }
  EXPECT_EQ(client.Receive().status, 413);
}

TEST_F(ListenerTest, AClientThatHasSentAllMayCloseItsSide) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("GET /hello HTTP/1.1\r\n", client.host_header(), "\r\n"));
  client.FinishSending();
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveToEnd(), "");
}

TEST_F(ListenerTest, ControlCharactersOfAHeaderCannotBeginAnother) {
  router_.Add(Verb::get, "/injected", {}, [](Request, Responder responder) {
    std::move(responder).Send({.headers = {{"X-Text", "a\r\nX-Evil: b"}}});
  });
  Start();
  HttpConnection client(address());
  HttpResponse response = client.Get("/injected");
  EXPECT_EQ(response.headers["x-text"], "a  X-Evil: b");
  EXPECT_EQ(response.headers.count("x-evil"), 0u);
}

TEST_F(ListenerTest, CountsByRouteAndKind) {
  Start();
  HttpConnection client(address());
  client.Get("/hello");
  client.Get("/hello");
  client.Get("/nothing");
  const auto value = [this](const char* route, const char* code) {
    return metrics_.http_requests.Add({{"route", route}, {"code", code}}).Value();
  };
  EXPECT_EQ(value("/hello", "2xx"), 2);
  EXPECT_EQ(value("none", "4xx"), 1);
  EXPECT_EQ(metrics_.http_connections.Value(), 1);
}

TEST_F(ListenerTest, OnlyThisBrokersOwnPagesMayAsk) {
  Start();
  const std::string port = address().substr(address().rfind(':'));
  const auto status = [this](absl::string_view headers, absl::string_view path = "/hello") {
    HttpConnection client(address());
    client.Send(absl::StrCat(path == "/hook" ? "POST " : "GET ", path, " HTTP/1.1\r\n", headers, "\r\n"));
    return client.Receive().status;
  };
  EXPECT_EQ(status(absl::StrCat("Host: localhost", port, "\r\n")), 200);
  EXPECT_EQ(status(absl::StrCat("Host: evil.example", port, "\r\n")), 403);
  EXPECT_EQ(status("Host: localhost:1\r\n"), 403);
  const std::string host = absl::StrCat("Host: 127.0.0.1", port, "\r\n");
  EXPECT_EQ(status(absl::StrCat(host, "Origin: http://localhost", port, "\r\n")), 200);
  EXPECT_EQ(status(absl::StrCat(host, "Origin: https://evil.example\r\n")), 403);
  EXPECT_EQ(status(absl::StrCat(host, "Origin: null\r\n")), 403);
  EXPECT_EQ(status("Host: broker.example\r\nOrigin: https://evil.example\r\n", "/hook"), 200);
}

TEST_F(ListenerTest, ABrokerWithKeysIsCalledByAnyName) {
  Start({.runs_open = [] { return false; }});
  HttpConnection client(address());
  client.Send("GET /hello HTTP/1.1\r\nHost: broker.example\r\nOrigin: https://page.example\r\n\r\n");
  HttpResponse response = client.Receive();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.count("access-control-allow-origin"), 0u);
}

TEST_F(ListenerTest, RefusesAddressesThatItCannotListenOn) {
  Start();
  for (const std::string listen :
       {"", "8080", ":8080", "127.0.0.1:70000", "127.0.0.1:x", "fd:", "fd:x", "fd:999", "[::1:80"}) {
    const auto listener = Listener::Start({.listen = listen}, router_, limits_, *budget_, metrics_);
    EXPECT_EQ(listener.status().code(), absl::StatusCode::kInvalidArgument) << listen;
  }
  const auto taken = Listener::Start({.listen = address()}, router_, limits_, *budget_, metrics_);
  EXPECT_EQ(taken.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(taken.status().message()), HasSubstr(address()));
}

TEST_F(ListenerTest, ListensOnEveryAddressOfAName) {
  Start({.listen = "localhost:0"});
  // Which is often not the first.
  const std::string target = absl::StrCat("127.0.0.1", address().substr(address().rfind(':')));
  EXPECT_EQ(HttpConnection(target).Get("/hello").status, 200);
}

TEST_F(ListenerTest, ServesASocketThatWasHandedIn) {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor held(context,
                                      boost::asio::ip::tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  Start({.listen = absl::StrCat("fd:", held.native_handle())});
  EXPECT_EQ(address(), absl::StrCat("127.0.0.1:", held.local_endpoint().port()));
  EXPECT_EQ(HttpConnection(address()).Get("/hello").status, 200);
  listener_.reset();
  // The holder keeps it: who connects meanwhile waits, and the next broker serves him.
  HttpConnection waiting(absl::StrCat("127.0.0.1:", held.local_endpoint().port()));
  Start({.listen = absl::StrCat("fd:", held.native_handle())});
  EXPECT_EQ(waiting.Get("/hello").status, 200);
}

}  // namespace
}  // namespace playhead::broker::http
