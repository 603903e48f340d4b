#include "broker/http/websocket.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/broker/http/listener_fixture.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::broker::http {
namespace {

using testing::Frame;
using testing::HttpConnection;
using testing::Opcode;
using testing::RawWebSocket;

// Sends back what it gets, and knows a few words.
class EchoHandler final : public WebSocketHandler {
 public:
  explicit EchoHandler(absl::AnyInvocable<void(CloseCode)> closed) : closed_(std::move(closed)) {}

  void OnOpen(std::shared_ptr<WebSocket> socket) override { socket_ = std::move(socket); }
  void OnText(std::string message) override {
    if (message == "pong") return socket_->SendPong();
    if (message == "abort") return socket_->Abort();
    if (message == "flood") return socket_->SendText(std::string(kFloodBytes, 'x'));
    if (message == "later") {
      return socket_->Post([socket = socket_] { socket->SendText("posted"); });
    }
    absl::string_view reason = message;
    if (absl::ConsumePrefix(&reason, "ping ")) return socket_->SendPing(reason);
    if (absl::ConsumePrefix(&reason, "close ")) {
      socket_->SendText("before the end");
      return socket_->Close(4001, reason);
    }
    socket_->SendText(std::move(message));
  }
  void OnBinary(std::string message) override { socket_->SendBinary(std::move(message)); }
  void OnWritable() override {}
  void OnPong(std::string payload) override { socket_->SendText(absl::StrCat("ponged ", payload)); }
  void OnStopping() override { socket_->Close(kCloseGoingAway, "the broker stops"); }
  void OnClosed(CloseCode code) override { closed_(code); }

  static constexpr size_t kFloodBytes = size_t{8} << 20;

 private:
  absl::AnyInvocable<void(CloseCode)> closed_;
  std::shared_ptr<WebSocket> socket_;
};

class WebSocketTest : public ListenerFixture {
 protected:
  WebSocketTest() {
    options_.message_bytes_max = 4'096;
    options_.unsent_bytes_max = 2 * EchoHandler::kFloodBytes;
    router_.Add(Verb::get, "/ws", {}, [this](Request request, Responder responder) {
      if (!AsksForWebSocket(request)) return std::move(responder).Send(TextResponse(426, "WebSocket only"));
      auto handler = std::make_shared<EchoHandler>([this](CloseCode code) {
        absl::MutexLock lock(&closed_mu_);
        closed_ = code;
      });
      std::move(responder).Accept(std::move(request), options_, std::move(handler));
    });
  }

  // The listener's threads call into this.
  ~WebSocketTest() override { listener_.reset(); }

  // The code that the handler was told since the last call.
  CloseCode AwaitClosed() {
    absl::MutexLock lock(&closed_mu_);
    const auto closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(closed_mu_) { return closed_.has_value(); };
    EXPECT_TRUE(closed_mu_.AwaitWithTimeout(absl::Condition(&closed), absl::Seconds(20)));
    return std::exchange(closed_, std::nullopt).value_or(0);
  }

  // Connects; the connection works.
  void Open(RawWebSocket& client) {
    ASSERT_EQ(client.Connect("/ws").status, 101);
    ASSERT_TRUE(client.SendText("hello"));
    ASSERT_EQ(client.ReceiveMessage().payload, "hello");
  }

  WebSocketOptions options_;
  absl::Mutex closed_mu_;
  std::optional<CloseCode> closed_ ABSL_GUARDED_BY(closed_mu_);
};

TEST_F(WebSocketTest, CarriesTextAndBinaryBothWays) {
  Start();
  RawWebSocket client(address());
  const testing::HttpResponse accepted = client.Connect("/ws");
  EXPECT_EQ(accepted.status, 101);
  // The example of RFC 6455, 1.3.
  EXPECT_EQ(accepted.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(client.SendText("h\u00e9"));
  const Frame text = client.Receive();
  EXPECT_EQ(text.opcode, Opcode::kText);
  EXPECT_EQ(text.payload, "h\u00e9");
  EXPECT_FALSE(text.masked);
  const std::string bytes("\x00\xff", 2);
  EXPECT_TRUE(client.Send({Opcode::kBinary, bytes}));
  const Frame binary = client.Receive();
  EXPECT_EQ(binary.opcode, Opcode::kBinary);
  EXPECT_EQ(binary.payload, bytes);
}

TEST_F(WebSocketTest, AnswersOtherUpgradesAsPlainRequests) {
  Start();
  HttpConnection client(address());
  EXPECT_EQ(client.Get("/ws", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n").status,
            426);
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(WebSocketTest, RefusesABadHandshakeWithoutAHandler) {
  Start();
  HttpConnection without_key(address());
  EXPECT_EQ(without_key.Get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n").status,
            400);
  HttpConnection hasty(address());
  hasty.Send(absl::StrCat("GET /ws HTTP/1.1\r\n", hasty.host_header(),
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x80"));
  EXPECT_EQ(hasty.Receive().status, 400);
  absl::MutexLock lock(&closed_mu_);
  EXPECT_FALSE(closed_.has_value());
}

TEST_F(WebSocketTest, PutsFragmentsTogetherAroundControlFrames) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.Send({Opcode::kText, "one ", /*final=*/false});
  client.Send({Opcode::kPing, "?"});
  client.Send({Opcode::kContinuation, "two ", /*final=*/false});
  client.Send({Opcode::kContinuation, "three"});
  const Frame pong = client.Receive();
  EXPECT_EQ(pong.opcode, Opcode::kPong);
  EXPECT_EQ(pong.payload, "?");
  EXPECT_EQ(client.Receive().payload, "one two three");
}

TEST_F(WebSocketTest, EndsAConnectionThatBreaksTheProtocolAndNoOther) {
  const struct {
    const char* what;
    Frame frame;
    int code;
  } kCases[] = {
      {"unmasked", {Opcode::kText, "x", true, /*masked=*/false}, 1002},
      {"an unknown opcode", {static_cast<Opcode>(3), "x"}, 1002},
      {"a continuation of nothing", {Opcode::kContinuation, "x"}, 1002},
      {"a ping in fragments", {Opcode::kPing, "x", /*final=*/false}, 1002},
      {"a long ping", {Opcode::kPing, std::string(126, 'x')}, 1002},
      {"no UTF-8", {Opcode::kText, "\xff\xfe"}, 1007},
      {"too large", {Opcode::kText, std::string(4'097, 'x')}, 1009},
  };
  Start();
  RawWebSocket other(address());
  ASSERT_NO_FATAL_FAILURE(Open(other));
  for (const auto& bad : kCases) {
    RawWebSocket client(address());
    ASSERT_NO_FATAL_FAILURE(Open(client));
    EXPECT_TRUE(client.Send(bad.frame));
    const Frame answer = client.ReceiveMessage();
    EXPECT_EQ(answer.opcode, Opcode::kClose) << bad.what;
    EXPECT_EQ(answer.close_code(), bad.code) << bad.what;
    EXPECT_TRUE(client.ReceiveMessage().ended) << bad.what;
    EXPECT_EQ(AwaitClosed(), kCloseAbnormal) << bad.what;
  }
  EXPECT_TRUE(other.SendText("still here"));
  EXPECT_EQ(other.ReceiveMessage().payload, "still here");
}

TEST_F(WebSocketTest, CountsTheFragmentsOfAMessageTogether) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.Send({Opcode::kText, std::string(4'000, 'x'), /*final=*/false});
  client.Send({Opcode::kContinuation, std::string(100, 'x')});
  EXPECT_EQ(client.ReceiveMessage().close_code(), kCloseTooBig);
}

TEST_F(WebSocketTest, AnswersTheClientsClose) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.Send({Opcode::kClose, std::string("\x03\xe8", 2)});
  EXPECT_EQ(client.ReceiveMessage().close_code(), kCloseNormal);
  EXPECT_EQ(AwaitClosed(), kCloseNormal);
  EXPECT_TRUE(client.ReceiveMessage().ended);
}

TEST_F(WebSocketTest, ClosesWithItsOwnCodeBehindWhatWasSent) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("close enough");
  EXPECT_EQ(client.ReceiveMessage().payload, "before the end");
  const Frame close = client.ReceiveMessage();
  EXPECT_EQ(close.close_code(), 4001);
  EXPECT_EQ(close.payload.substr(2), "enough");
  client.Send({Opcode::kClose, close.payload});
  EXPECT_EQ(AwaitClosed(), 4001);
}

TEST_F(WebSocketTest, DoesNotWaitForEverForTheAnswerToAClose) {
  limits_.http_handshake_timeout = absl::Hours(1);
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("close now");
  EXPECT_NE(AwaitClosed(), 0);
}

TEST_F(WebSocketTest, HangsUpOnAClientThatDoesNot) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.Send({Opcode::kClose, std::string("\x03\xe8", 2)});
  EXPECT_EQ(AwaitClosed(), kCloseNormal);
  // It keeps its side open; the listener's stop waits for the connection to end all the same.
  const absl::Time start = absl::Now();
  listener_->Stop(start + absl::Seconds(20));
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST_F(WebSocketTest, NoticesClientsThatVanish) {
  Start();
  {
    RawWebSocket client(address());
    ASSERT_NO_FATAL_FAILURE(Open(client));
  }
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
  RawWebSocket half_closed(address());
  ASSERT_NO_FATAL_FAILURE(Open(half_closed));
  half_closed.connection().FinishSending();
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, PingsAndCutsOffWhoDoesNotAnswer) {
  options_.ping_interval = absl::Milliseconds(100);
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  for (int answered = 0; answered < 3; ++answered) {
    const Frame ping = client.Receive();
    ASSERT_EQ(ping.opcode, Opcode::kPing);
    client.Send({Opcode::kPong, ping.payload});
  }
  EXPECT_TRUE(client.ReceiveMessage().ended);
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, SaysWhatTheClientHasRead) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("ping 42");
  const Frame ping = client.Receive();
  EXPECT_EQ(ping.opcode, Opcode::kPing);
  EXPECT_EQ(ping.payload, "42");
  client.Send({Opcode::kPong, ping.payload});
  EXPECT_EQ(client.Receive().payload, "ponged 42");
}

TEST_F(WebSocketTest, SendsPongsThatNobodyAskedFor) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("pong");
  EXPECT_EQ(client.Receive().opcode, Opcode::kPong);
}

TEST_F(WebSocketTest, RunsPostedTasksOnTheConnectionsThread) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("later");
  EXPECT_EQ(client.ReceiveMessage().payload, "posted");
}

TEST_F(WebSocketTest, CutsOffAClientThatDoesNotRead) {
  limits_.http_write_timeout = absl::Milliseconds(200);
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("flood");
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, CutsOffWhenTooMuchIsUnsent) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  for (int i = 0; i < 3; ++i) client.SendText("flood");
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, AbortsWithoutAWord) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("abort");
  EXPECT_TRUE(client.ReceiveMessage().ended);
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, IsToldThatTheBrokerStops) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  listener_->BeginStop();
  const Frame close = client.ReceiveMessage();
  EXPECT_EQ(close.close_code(), kCloseGoingAway);
  client.Send({Opcode::kClose, close.payload});
  listener_->Stop(absl::Now() + absl::Seconds(20));
  EXPECT_EQ(AwaitClosed(), kCloseGoingAway);
}

TEST_F(WebSocketTest, IsCutOffWhenTheStopTakesTooLong) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  listener_->Stop(absl::Now());
  AwaitClosed();
}

}  // namespace
}  // namespace playhead::broker::http
