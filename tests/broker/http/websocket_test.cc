#include "broker/http/websocket.h"

#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <boost/asio/socket_base.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
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
  EchoHandler(absl::AnyInvocable<void(std::shared_ptr<WebSocket>)> opened, absl::AnyInvocable<void(CloseCode)> closed)
      : opened_(std::move(opened)), closed_(std::move(closed)) {}

  void OnOpen(std::shared_ptr<WebSocket> socket) override {
    socket_ = socket;
    opened_(std::move(socket));
  }
  void OnText(std::string message) override {
    if (message == "pong") return socket_->SendPong();
    if (message == "abort") return socket_->Abort();
    if (message == "flood") return socket_->SendText(std::string(kFloodBytes, 'x'));
    if (message == "bye") return socket_->Close(kCloseNormal, "");
    absl::string_view reason = message;
    if (absl::ConsumePrefix(&reason, "ping ")) return socket_->SendPing(reason);
    if (message == "burst") {
      for (int i = 0; i < kBurst; ++i) socket_->SendText(absl::StrCat(i));
      return;
    }
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
  static constexpr int kBurst = 100;

 private:
  absl::AnyInvocable<void(std::shared_ptr<WebSocket>)> opened_;
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
      std::move(responder).Accept(std::move(request), options_, MakeHandler());
    });
  }

  std::shared_ptr<WebSocketHandler> MakeHandler() {
    return std::make_shared<EchoHandler>(
        [this](std::shared_ptr<WebSocket> socket) {
          absl::MutexLock lock(&closed_mu_);
          opened_ = std::move(socket);
          opened_on_ = std::this_thread::get_id();
        },
        [this](CloseCode code) {
          absl::MutexLock lock(&closed_mu_);
          opened_ = nullptr;
          closed_ = code;
        });
  }

  // The listener's threads call into this.
  ~WebSocketTest() override {
    listener_.reset();
    absl::MutexLock lock(&closed_mu_);
    opened_ = nullptr;
  }

  // The code that the handler was told since the last call.
  CloseCode AwaitClosed() {
    absl::MutexLock lock(&closed_mu_);
    const auto closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(closed_mu_) { return closed_.has_value(); };
    EXPECT_TRUE(closed_mu_.AwaitWithTimeout(absl::Condition(&closed), absl::Seconds(20)));
    return std::exchange(closed_, std::nullopt).value_or(0);
  }

  double Answered(const char* code) { return metrics_.http_requests.Add({{"route", "/ws"}, {"code", code}}).Value(); }

  // Connects; the connection works.
  void Open(RawWebSocket& client) {
    ASSERT_EQ(client.Connect("/ws").status, 101);
    ASSERT_TRUE(client.SendText("hello"));
    ASSERT_EQ(client.ReceiveMessage().payload, "hello");
  }

  WebSocketOptions options_;
  absl::Mutex closed_mu_;
  std::optional<CloseCode> closed_ ABSL_GUARDED_BY(closed_mu_);
  std::shared_ptr<WebSocket> opened_ ABSL_GUARDED_BY(closed_mu_);  // The last one, while it is open.
  std::thread::id opened_on_ ABSL_GUARDED_BY(closed_mu_);
};

// What differs with TLS, whose reads and writes are made of several.
class WebSocketTransportTest : public WebSocketTest, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(Transports, WebSocketTransportTest, ::testing::Bool(),
                         [](const auto& secure) { return secure.param ? "Tls" : "Plain"; });

TEST_P(WebSocketTransportTest, CarriesTextAndBinaryBothWays) {
  StartSecure(GetParam());
  RawWebSocket client(address(), ca_file());
  const testing::HttpResponse accepted = client.Connect("/ws");
  EXPECT_EQ(accepted.status, 101);
  // The example of RFC 6455, 1.3.
  EXPECT_EQ(accepted.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(client.SendText("h\u00e9"));
  const Frame text = client.Receive();
  EXPECT_EQ(text.opcode, Opcode::kText);
  EXPECT_EQ(text.payload, "h\u00e9");
  EXPECT_FALSE(text.masked);
  EXPECT_EQ(Answered("2xx"), 1);
  const std::string bytes("\x00\xff", 2);
  EXPECT_TRUE(client.Send({Opcode::kBinary, bytes}));
  const Frame binary = client.Receive();
  EXPECT_EQ(binary.opcode, Opcode::kBinary);
  EXPECT_EQ(binary.payload, bytes);
}

TEST_F(WebSocketTest, FramesMessagesOfEveryLength) {
  options_.message_bytes_max = size_t{1} << 17;
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  for (const size_t size : {0, 1, 125, 126, 127, 255, 256, 65'535, 65'536, 100'000}) {
    const std::string message(size, 'x');
    EXPECT_TRUE(client.Send({Opcode::kBinary, message}));
    const Frame frame = client.Receive();
    EXPECT_EQ(frame.opcode, Opcode::kBinary);
    EXPECT_TRUE(frame.final);
    EXPECT_EQ(frame.payload, message);
  }
}

TEST_F(WebSocketTest, WhatIsSentTogetherComesInOrderAndWholeAmidControlFrames) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  constexpr int kRounds = 20;
  for (int i = 0; i < kRounds; ++i) {
    client.SendText("burst");
    client.Send({Opcode::kPing, "from the client"});
    client.SendText(absl::StrCat("ping ", i));
  }
  int pongs = 0;
  for (int i = 0; i < kRounds * EchoHandler::kBurst;) {
    const Frame frame = client.Receive();
    ASSERT_FALSE(frame.ended);
    if (frame.opcode == Opcode::kText) {
      EXPECT_EQ(frame.payload, absl::StrCat(i++ % EchoHandler::kBurst));
    } else if (frame.opcode == Opcode::kPong) {
      EXPECT_EQ(frame.payload, "from the client");
      ++pongs;
    } else {
      EXPECT_EQ(frame.opcode, Opcode::kPing);
    }
  }
  EXPECT_GT(pongs, 0) << "Beast may leave out all but the latest";
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
  EXPECT_EQ(without_key.ReceiveToEnd(), "");
  HttpConnection hasty(address());
  hasty.Send(absl::StrCat("GET /ws HTTP/1.1\r\n", hasty.host_header(),
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x80"));
  EXPECT_EQ(hasty.Receive().status, 400);
  EXPECT_EQ(Answered("4xx"), 2);
  EXPECT_EQ(Answered("2xx"), 0);
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

TEST_F(WebSocketTest, FindsACharacterThatTheLastFragmentCutsOff) {
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.Send({Opcode::kText, "a\xc3", /*final=*/false});
  client.Send({Opcode::kContinuation, ""});
  EXPECT_EQ(client.ReceiveMessage().close_code(), kCloseBadPayload);
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

TEST_P(WebSocketTransportTest, ClosesWithItsOwnCodeBehindWhatWasSent) {
  StartSecure(GetParam());
  RawWebSocket client(address(), ca_file());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  client.SendText("close enough");
  EXPECT_EQ(client.ReceiveMessage().payload, "before the end");
  const Frame close = client.ReceiveMessage();
  EXPECT_EQ(close.close_code(), 4001);
  EXPECT_EQ(close.payload.substr(2), "enough");
  client.Send({Opcode::kClose, close.payload});
  EXPECT_EQ(AwaitClosed(), 4001);
}

TEST_F(WebSocketTest, CutsALongReasonBetweenCharacters) {
  Start();
  for (const auto& [length, character, kept] : std::vector<std::tuple<size_t, std::string, size_t>>{
           {123, "", 123},            // Fits.
           {124, "", 123},            // ASCII.
           {121, "\u00e9", 123},      // The character fits.
           {122, "\u00e9", 122},      // One byte of it fits.
           {120, "\U0001f600", 120},  // Three bytes of four fit.
       }) {
    RawWebSocket client(address());
    ASSERT_NO_FATAL_FAILURE(Open(client));
    const std::string reason = std::string(length, 'x') + character;
    client.SendText(absl::StrCat("close ", reason));
    EXPECT_EQ(client.ReceiveMessage().payload, "before the end");
    const Frame close = client.ReceiveMessage();
    EXPECT_EQ(close.close_code(), 4001);
    EXPECT_EQ(close.payload.substr(2), reason.substr(0, kept));
    client.Send({Opcode::kClose, close.payload});
    EXPECT_EQ(AwaitClosed(), 4001);
  }
}

// The client's close is read while the broker's own is being written.
TEST_F(WebSocketTest, EndsWhenBothSidesCloseAtOnce) {
  Start();
  const std::string normal("\x03\xe8", 2);
  for (int more = 0; more < 4; ++more) {
    RawWebSocket client(address());
    ASSERT_NO_FATAL_FAILURE(Open(client));
    std::vector<Frame> frames = {{Opcode::kText, "bye"}};
    for (int i = 0; i < more; ++i) frames.push_back({Opcode::kText, "not read any more"});
    frames.push_back({Opcode::kClose, normal});
    client.SendTogether(frames);
    EXPECT_EQ(client.ReceiveMessage().close_code(), kCloseNormal);
    EXPECT_EQ(AwaitClosed(), kCloseNormal) << more;
    EXPECT_TRUE(client.ReceiveMessage().ended);
  }
}

// The answer to the client's ping waits for a pong of the broker's, which waits for a message that is not taken.
TEST_F(WebSocketTest, LetsGoOfAConnectionWhosePongsCouldNotBeSent) {
  limits_.http_write_timeout = absl::Milliseconds(100);
  Start();
  RawWebSocket client(address());
  ASSERT_NO_FATAL_FAILURE(Open(client));
  std::weak_ptr<WebSocket> connection;
  {
    absl::MutexLock lock(&closed_mu_);
    connection = opened_;
  }
  client.SendTogether({{Opcode::kText, "flood"}, {Opcode::kText, "pong"}, {Opcode::kPing, "?"}});
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
  const absl::Time patience = absl::Now() + absl::Seconds(20);
  while (!connection.expired() && absl::Now() < patience) std::this_thread::yield();
  EXPECT_TRUE(connection.expired());
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

TEST_P(WebSocketTransportTest, NoticesClientsThatVanish) {
  StartSecure(GetParam());
  {
    RawWebSocket client(address(), ca_file());
    ASSERT_NO_FATAL_FAILURE(Open(client));
  }
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
  RawWebSocket half_closed(address(), ca_file());
  ASSERT_NO_FATAL_FAILURE(Open(half_closed));
  half_closed.connection().FinishSending();
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, PingsAndCutsOffWhoDoesNotAnswer) {
  options_.ping_interval = absl::Milliseconds(50);
  Start();
  RawWebSocket client(address());
  ASSERT_EQ(client.Connect("/ws").status, 101);
  EXPECT_EQ(client.Receive().opcode, Opcode::kPing);
  EXPECT_TRUE(client.ReceiveMessage().ended);
  EXPECT_EQ(AwaitClosed(), kCloseAbnormal);
}

TEST_F(WebSocketTest, DoesNotCutOffWhoAnswersPings) {
  Start();
  // Who is cut off twice the interval after its last pong has answered in time if three more pings came.
  int answered = 0;
  for (absl::Duration interval = absl::Milliseconds(50); answered < 3; interval *= 2) {
    ASSERT_LT(interval, absl::Seconds(10));
    options_.ping_interval = interval;
    RawWebSocket client(address());
    ASSERT_EQ(client.Connect("/ws").status, 101);
    // On a machine that is too slow for the interval it is tried with a longer one.
    for (answered = 0; answered < 3 && client.Receive().opcode == Opcode::kPing; ++answered) {
      client.Send({Opcode::kPong, ""});
    }
  }
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
  std::shared_ptr<WebSocket> socket;
  std::thread::id thread;
  {
    absl::MutexLock lock(&closed_mu_);
    socket = opened_;
    thread = opened_on_;
  }
  std::thread::id posted_on;
  absl::Notification posted;
  socket->Post([&] {
    posted_on = std::this_thread::get_id();
    posted.Notify();
  });
  posted.WaitForNotification();
  EXPECT_EQ(posted_on, thread);
  EXPECT_NE(posted_on, std::this_thread::get_id());
}

// Sends more than the client takes, and counts what the client sends after the first message, on which it waits.
class HeldHandler final : public WebSocketHandler {
 public:
  void OnOpen(std::shared_ptr<WebSocket> socket) override {
    socket_ = std::move(socket);
    socket_->SendText(std::string(EchoHandler::kFloodBytes, 'x'));
  }
  void OnText(std::string /*message*/) override {
    if (received_++ > 0) return socket_->SendText("never read");
    held.Notify();
    go_on.WaitForNotification();
  }
  void OnBinary(std::string /*message*/) override {}
  void OnWritable() override {}
  void OnStopping() override {}
  void OnClosed(CloseCode /*code*/) override {
    socket_ = nullptr;
    closed.Notify();
  }

  int received() const { return received_; }

  absl::Notification held;
  absl::Notification go_on;
  absl::Notification closed;

 private:
  int received_ = 0;
  std::shared_ptr<WebSocket> socket_;
};

TEST_P(WebSocketTransportTest, ReadsWhatAClientSentBeforeItReset) {
  constexpr int kMessages = 20;
  const auto handler = std::make_shared<HeldHandler>();
  router_.Add(Verb::get, "/held", {}, [this, handler](Request request, Responder responder) {
    std::move(responder).Accept(std::move(request), options_, handler);
  });
  StartSecure(GetParam());
  {
    RawWebSocket client(address(), ca_file());
    ASSERT_EQ(client.Connect("/held").status, 101);
    ASSERT_EQ(client.connection().ReceiveBytes(1).size(), 1u);  // The write is under way, and will not end.
    ASSERT_TRUE(client.SendText("first"));
    handler->held.WaitForNotification();
    // More than is read at a time, and less than the socket holds.
    for (int i = 0; i < kMessages; ++i) ASSERT_TRUE(client.SendText(std::string(1'000, 'x')));
    // What is still with the client goes with the reset.
    for (int unsent = 1; unsent > 0; absl::SleepFor(absl::Milliseconds(1))) {
      ASSERT_EQ(ioctl(client.connection().socket().native_handle(), SIOCOUTQ, &unsent), 0);
    }
    client.connection().socket().set_option(boost::asio::socket_base::linger(true, 0));
  }
  handler->go_on.Notify();
  handler->closed.WaitForNotification();
  EXPECT_EQ(handler->received(), kMessages + 1);
}

// The test's own connection is on the first thread, which goes on.
TEST_F(WebSocketTest, IsToldOfAStopThatCameBeforeItWasOpen) {
  limits_.http_threads = 2;
  absl::Notification asked;
  absl::Notification stopped;
  router_.Add(Verb::get, "/held", {}, [&](Request request, Responder responder) {
    asked.Notify();
    stopped.WaitForNotification();
    std::move(responder).Accept(std::move(request), options_, MakeHandler());
  });
  Start();
  HttpConnection other(address());
  EXPECT_EQ(other.Get("/hello").status, 200);
  RawWebSocket client(address());
  std::thread stop([&] {
    asked.WaitForNotification();
    listener_->BeginStop();
    EXPECT_EQ(other.ReceiveToEnd(), "") << "by then the stop waits on the other thread, too";
    stopped.Notify();
  });
  EXPECT_EQ(client.Connect("/held").status, 101);
  stop.join();
  EXPECT_EQ(client.ReceiveMessage().close_code(), kCloseGoingAway);
}

TEST_P(WebSocketTransportTest, CutsOffAClientThatDoesNotRead) {
  limits_.http_write_timeout = absl::Milliseconds(200);
  StartSecure(GetParam());
  RawWebSocket client(address(), ca_file());
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
