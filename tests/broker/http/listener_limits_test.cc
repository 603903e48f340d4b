#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/http/listener.h"
#include "tests/broker/http/listener_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::broker::http {
namespace {

using testing::HttpConnection;
using testing::HttpResponse;

class ListenerLimitsTest : public ListenerFixture {};

struct BadRequest {
  const char* what;
  std::string bytes;
  int status;
};

std::vector<BadRequest> BadRequests() {
  const std::string host = "Host: localhost\r\n";
  const std::string post = "POST /hook HTTP/1.1\r\n" + host;
  return {
      {"no HTTP", "hello\r\n\r\n", 400},
      {"a method that is none", "G(T / HTTP/1.1\r\n" + host + "\r\n", 400},
      {"no target", "GET  HTTP/1.1\r\n" + host + "\r\n", 400},
      {"a target that is none", "GET hello HTTP/1.1\r\n" + host + "\r\n", 400},
      {"a bad code in the target", "GET /%zz HTTP/1.1\r\n" + host + "\r\n", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/0.9", "GET /hello HTTP/0.9\r\n" + host + "\r\n", 505},
      {"a lower case version", "GET /hello http/1.1\r\n" + host + "\r\n", 505},
      {"no Host", "GET /hello HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", "GET /hello HTTP/1.1\r\n" + host + host + "\r\n", 400},
      {"a header without a colon", "GET /hello HTTP/1.1\r\n" + host + "oops\r\n\r\n", 400},
      {"a blank before the colon", "GET /hello HTTP/1.1\r\n" + host + "a : b\r\n\r\n", 400},
      {"a control character in a header", "GET /hello HTTP/1.1\r\n" + host + "a: \x01\r\n\r\n", 400},
      {"a bare line feed", "GET /hello HTTP/1.1\nHost: localhost\n\n\r\n\r\n", 505},
      {"headers without end", "GET /hello HTTP/1.1\r\n" + host + "a: " + std::string(20'000, 'a'), 431},
      {"a line without end", "GET /" + std::string(20'000, 'a'), 431},
      {"a length that is none", post + "Content-Length: 1x\r\n\r\n1", 400},
      {"a negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n1", 400},
      {"a length beside chunks", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1", 400},
      {"a length beyond numbers", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"a long body", post + "Content-Length: 9999999999\r\n\r\n", 413},
      {"a coding that is not served", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"chunks inside a coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"chunks, and another coding",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
      {"chunks over HTTP/1.0", "POST /hook HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a chunk's size that is none", post + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
      {"a chunk longer than its size", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400},
      {"a chunk's extension without end", post + "Transfer-Encoding: chunked\r\n\r\n1;a=" + std::string(20'000, 'a'),
       431},
      {"trailers without end", post + "Transfer-Encoding: chunked\r\n\r\n0\r\na: " + std::string(20'000, 'a'), 431},
      {"an expectation that is not served", post + "Expect: 200-ok\r\nContent-Length: 1\r\n\r\n", 417},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 abc\r\n\r\n", 19), 400},
  };
}

TEST_F(ListenerLimitsTest, EachBadRequestIsRefusedAndCostsOthersNothing) {
  Start();
  HttpConnection good(address());
  for (const BadRequest& bad : BadRequests()) {
    SCOPED_TRACE(bad.what);
    HttpConnection client(address());
    client.Send(bad.bytes);
    HttpResponse response = client.Receive();
    EXPECT_EQ(response.status, bad.status) << response.body;
    EXPECT_EQ(response.headers["error-code"], bad.status == 413 ? "BODY_TOO_LARGE" : "MALFORMED_REQUEST");
    EXPECT_EQ(response.headers["connection"], "close");
    EXPECT_EQ(client.ReceiveToEnd(), "");
    EXPECT_EQ(good.Get("/hello").status, 200);
  }
}

TEST_F(ListenerLimitsTest, ARequestThatIsCutOffIsRefused) {
  Start();
  for (const char* part : {"GET", "GET /hello HTTP/1.1\r\nHost: localhost\r\n",
                           "POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"}) {
    HttpConnection client(address());
    client.Send(part);
    client.FinishSending();
    EXPECT_EQ(client.Receive().status, 400) << part;
    EXPECT_EQ(client.ReceiveToEnd(), "");
  }
}

TEST_F(ListenerLimitsTest, SlowClientsAreCutOff) {
  limits_.http_header_timeout = absl::Seconds(3);  // From the connect on: what is sent below must be in time.
  limits_.http_body_timeout = absl::Milliseconds(50);
  Start();
  HttpConnection silent(address());
  EXPECT_EQ(silent.ReceiveToEnd(), "");

  HttpConnection slow_header(address());
  slow_header.Send("GET /hello HTTP/1.1\r\n");
  HttpResponse response = slow_header.Receive();
  EXPECT_EQ(response.status, 408);
  EXPECT_EQ(response.headers["error-code"], "REQUEST_TIMEOUT");
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_EQ(slow_header.ReceiveToEnd(), "");

  HttpConnection slow_body(address());
  slow_body.Send("POST /hook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_EQ(slow_body.Receive().status, 408);
  EXPECT_EQ(slow_body.ReceiveToEnd(), "");
}

TEST_F(ListenerLimitsTest, WhoAnnouncesALongBodyAndDoesNotSendItHoldsNobodyUp) {
  limits_.http_body_budget_bytes = kEchoBytesMax;
  limits_.http_body_timeout = absl::Hours(1);
  Start();
  const auto header = [](const HttpConnection& client, size_t bytes) {
    return absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: ", bytes, "\r\n\r\n");
  };
  HttpConnection alone(address());
  alone.Send(absl::StrCat(header(alone, kEchoBytesMax), "slow"));
  while (budget_->in_use() == 0) std::this_thread::yield();
  HttpConnection other(address());
  const std::string body(kEchoBytesMax, 'x');
  other.Send(absl::StrCat(header(other, body.size()), body));
  EXPECT_EQ(other.Receive().body.size(), body.size());
  HttpResponse refused = alone.Receive();
  EXPECT_EQ(refused.status, 408);
  EXPECT_EQ(refused.headers["error-code"], "REQUEST_TIMEOUT");
}

TEST_F(ListenerLimitsTest, AnIdleConnectionIsClosed) {
  limits_.http_idle_timeout = absl::Milliseconds(50);
  Start();
  HttpConnection client(address());
  EXPECT_EQ(client.Get("/hello").status, 200);
  EXPECT_EQ(client.ReceiveToEnd(), "");
}

TEST_F(ListenerLimitsTest, AClientThatDoesNotTakeItsAnswerIsCutOff) {
  limits_.http_write_timeout = absl::Milliseconds(50);
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("GET /long HTTP/1.1\r\n", client.host_header(), "\r\n"));
  client.socket().wait(boost::asio::socket_base::wait_read);  // Its answer begins, so it was counted.
  while (metrics_.http_connections.Value() != 0) std::this_thread::yield();
  EXPECT_LT(client.ReceiveToEnd().size(), kLongBytes);
}

TEST_F(ListenerLimitsTest, AHandlerMayTakeItsTime) {
  limits_.http_header_timeout = absl::Seconds(3);  // From the connect on: its own request must be in time.
  limits_.http_body_timeout = absl::Milliseconds(10);
  limits_.http_idle_timeout = absl::Milliseconds(10);
  limits_.http_write_timeout = absl::Seconds(20);
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("GET /later HTTP/1.1\r\n", client.host_header(), "\r\n"));
  Responder responder = TakeLater();
  // Another connection comes and is cut off meanwhile: its time limits have passed, and so would have this one's.
  EXPECT_EQ(HttpConnection(address()).ReceiveToEnd(), "");
  std::move(responder).Send(TextResponse(200, "late"));
  EXPECT_EQ(client.Receive().body, "late");
}

TEST_F(ListenerLimitsTest, LongBodiesWaitForTheirSharedMemory) {
  limits_.http_body_budget_bytes = 300'000;
  limits_.http_body_bytes_free = 1'000;
  Start();
  const auto header = [](HttpConnection& client) {
    return absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(),
                        "Content-Length: 200000\r\nExpect: 100-continue\r\n\r\n");
  };
  HttpConnection first(address());
  first.Send(header(first));
  EXPECT_EQ(first.Receive().status, 100);
  HttpConnection second(address());
  second.Send(header(second));
  while (budget_->waiting() == 0) std::this_thread::yield();
  // Short ones do not wait.
  HttpConnection third(address());
  third.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", third.host_header(), "Content-Length: 5\r\n\r\nshort"));
  EXPECT_EQ(third.Receive().body, "short");

  const std::string body(200'000, 'b');
  first.Send(body);
  EXPECT_EQ(first.Receive().body, body);
  EXPECT_EQ(second.Receive().status, 100);
  second.Send(body);
  EXPECT_EQ(second.Receive().body, body);
  EXPECT_EQ(second.Get("/hello").status, 200);
  EXPECT_EQ(budget_->in_use(), 0u);
}

TEST_F(ListenerLimitsTest, WithoutMemoryInTimeABodyIsRefused) {
  limits_.http_body_budget_bytes = 300'000;
  limits_.http_body_bytes_free = 1'000;
  limits_.http_body_timeout = absl::Milliseconds(50);
  Start();
  const auto held = budget_->TryAcquire(200'000);
  HttpConnection client(address());
  client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: 200000\r\n\r\n"));
  HttpResponse response = client.Receive();
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers["error-code"], "REQUEST_TIMEOUT");
  EXPECT_EQ(response.headers["x-retryable"], "true");
}

TEST_F(ListenerLimitsTest, BodiesThatWaitForMemoryLeaveNothingBehindWhenTheListenerStops) {
  limits_.http_body_budget_bytes = 300'000;
  limits_.http_body_bytes_free = 1'000;
  Start();
  std::vector<std::unique_ptr<HttpConnection>> clients;
  for (int i = 0; i < 6; ++i) {
    HttpConnection& client = *clients.emplace_back(std::make_unique<HttpConnection>(address()));
    client.Send(absl::StrCat("POST /echo HTTP/1.1\r\n", client.host_header(), "Content-Length: 200000\r\n\r\n"));
  }
  while (budget_->waiting() < 5) std::this_thread::yield();
  listener_->Stop(absl::InfinitePast());
  executor_.Join();
  EXPECT_EQ(budget_->waiting(), 0u);
  EXPECT_EQ(budget_->in_use(), 0u);
}

TEST_F(ListenerLimitsTest, ConnectionsBeyondTheLimitAreToldSo) {
  limits_.http_connections_max = 1;
  Start();
  {
    HttpConnection served(address());
    EXPECT_EQ(served.Get("/hello").status, 200);
    HttpConnection refused(address());
    HttpResponse response = refused.Receive();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.headers["error-code"], "CONNECTIONS_LIMIT");
    EXPECT_EQ(response.headers["x-retryable"], "true");
    EXPECT_EQ(refused.ReceiveToEnd(), "");
    EXPECT_EQ(served.Get("/hello").status, 200);
  }
  while (metrics_.http_connections.Value() != 0) std::this_thread::yield();
  EXPECT_EQ(HttpConnection(address()).Get("/hello").status, 200);
}

TEST_F(ListenerLimitsTest, AFloodOfConnectionsLeavesThoseThatAreServedAlone) {
  limits_.http_connections_max = 4;
  Start();
  std::vector<std::unique_ptr<HttpConnection>> served;
  for (int i = 0; i < 4; ++i) {
    served.push_back(std::make_unique<HttpConnection>(address()));
    ASSERT_EQ(served.back()->Get("/hello").status, 200);
  }
  std::vector<std::unique_ptr<HttpConnection>> flood;
  for (int i = 0; i < 300; ++i) flood.push_back(std::make_unique<HttpConnection>(address()));
  for (const auto& client : served) EXPECT_EQ(client->Get("/hello").status, 200);
  for (const auto& client : flood) {
    const int status = client->Receive().status;
    EXPECT_TRUE(status == 503 || status == 0) << status;  // Told so, or closed without a word.
  }
}

TEST_F(ListenerLimitsTest, AStopAnswersWhatIsUnderWayAndClosesTheRest) {
  Start();
  const std::string address = this->address();
  HttpConnection idle(address);
  EXPECT_EQ(idle.Get("/hello").status, 200);
  HttpConnection busy(address);
  busy.Send(absl::StrCat("GET /later HTTP/1.1\r\n", busy.host_header(), "\r\n"));
  Responder responder = TakeLater();
  std::thread stopper([this] { listener_->Stop(absl::InfiniteFuture()); });
  EXPECT_EQ(idle.ReceiveToEnd(), "");
  std::move(responder).Send(TextResponse(200, "late"));
  HttpResponse response = busy.Receive();
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(response.headers["connection"], "close");
  EXPECT_EQ(busy.ReceiveToEnd(), "");
  stopper.join();
  EXPECT_THROW(HttpConnection{address}, boost::system::system_error);
}

TEST_F(ListenerLimitsTest, AStopDoesNotWaitBeyondItsDeadlineAndAnswersMayComeLater) {
  Start();
  HttpConnection busy(address());
  busy.Send(absl::StrCat("GET /later HTTP/1.1\r\n", busy.host_header(), "\r\n"));
  Responder responder = TakeLater();
  HttpConnection half(address());
  half.Send("GET /hel");
  listener_->Stop(absl::Now() + absl::Milliseconds(50));
  EXPECT_EQ(busy.ReceiveToEnd(), "");
  EXPECT_EQ(half.ReceiveToEnd(), "");
  std::move(responder).Send(TextResponse(200, "too late"));
}

TEST_F(ListenerLimitsTest, AStopUnderLoadCutsNoAnswerShort) {
  Start();
  std::atomic<int> answered = 0;
  std::atomic<int> ended = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    // Connected here: the last thread may begin only when the broker has stopped.
    clients.emplace_back([&answered, &ended, client = std::make_unique<HttpConnection>(address())] {
      const std::string request = absl::StrCat("GET /names/x HTTP/1.1\r\n", client->host_header(), "\r\n");
      while (client->Send(request)) {
        const HttpResponse response = client->Receive();
        if (response.status == 0) break;
        EXPECT_EQ(response.body, "x");
        ++answered;
      }
      EXPECT_EQ(client->ReceiveToEnd(), "");  // Nothing is left of an answer.
      ++ended;
    });
  }
  while (answered < 1000 && ended < 8) std::this_thread::yield();
  EXPECT_GE(answered, 1000);
  listener_->Stop(absl::InfiniteFuture());
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(metrics_.http_connections.Value(), 0);
}

}  // namespace
}  // namespace playhead::broker::http
