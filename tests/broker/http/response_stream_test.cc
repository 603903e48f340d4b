#include "broker/http/response_stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/broker/http/listener_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::broker::http {
namespace {

using testing::HttpConnection;

constexpr size_t kLongPieceBytes = size_t{16} << 20;

// Writes its pieces one after another, and then waits or finishes. Calls `opened`, if set, before the first.
class PiecesHandler final : public ResponseStreamHandler {
 public:
  using Opened = absl::AnyInvocable<void(const std::shared_ptr<ResponseStream>&)>;

  PiecesHandler(int pieces, std::string piece, bool finishes, absl::AnyInvocable<void()> closed,
                Opened opened = nullptr)
      : left_(pieces),
        piece_(std::move(piece)),
        finishes_(finishes),
        closed_(std::move(closed)),
        opened_(std::move(opened)) {}

  void OnOpen(std::shared_ptr<ResponseStream> stream) override {
    stream_ = std::move(stream);
    if (opened_) opened_(stream_);
    OnWritable();
  }
  void OnWritable() override {
    writing_ = left_-- > 0;
    if (writing_) return stream_->Write(piece_);
    if (finishes_) stream_->Finish();
  }
  void OnStopping() override {
    finishes_ = true;
    if (!writing_) stream_->Finish();
  }
  void OnClosed() override { closed_(); }

 private:
  int left_;
  bool writing_ = false;
  const std::string piece_;
  bool finishes_;
  absl::AnyInvocable<void()> closed_;
  Opened opened_;
  std::shared_ptr<ResponseStream> stream_;
};

class ResponseStreamTest : public ListenerFixture {
 protected:
  ResponseStreamTest() {
    Add("/three", 3, "piece ", /*finishes=*/true);
    Add("/waits", 1, "piece ", /*finishes=*/false);
    Add("/endless", 1'000'000, std::string(kLongPieceBytes, 'x'), /*finishes=*/true);
  }

  // The listener's threads call into this.
  ~ResponseStreamTest() override { listener_.reset(); }

  void Add(const char* path, int pieces, std::string piece, bool finishes) {
    router_.Add(Verb::get, path, {}, [=, this](Request, Responder responder) {
      std::move(responder).Stream({.status = 200, .content_type = "text/plain"},
                                  std::make_shared<PiecesHandler>(pieces, piece, finishes, [this] {
                                    absl::MutexLock lock(&closed_mu_);
                                    ++closed_;
                                  }));
    });
  }

  void AwaitClosed(int count = 1) {
    absl::MutexLock lock(&closed_mu_);
    const auto closed = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(closed_mu_) { return closed_ >= count; };
    EXPECT_TRUE(closed_mu_.AwaitWithTimeout(absl::Condition(&closed), absl::Seconds(20)));
  }

  static std::string Get(const HttpConnection& client, absl::string_view path) {
    return absl::StrCat("GET ", path, " HTTP/1.1\r\n", client.host_header(), "\r\n");
  }

  absl::Mutex closed_mu_;
  int closed_ ABSL_GUARDED_BY(closed_mu_) = 0;
};

// Breaks off within the body.
class BreakingHandler final : public ResponseStreamHandler {
 public:
  void OnOpen(std::shared_ptr<ResponseStream> stream) override {
    stream_ = std::move(stream);
    stream_->Write("piece ");
  }
  void OnWritable() override { stream_->Abort(); }
  void OnStopping() override {}
  void OnClosed() override { stream_ = nullptr; }

 private:
  std::shared_ptr<ResponseStream> stream_;
};

// The client of the tests must not take a part of a body for the whole.
TEST_F(ResponseStreamTest, ABodyWithoutItsEndIsNoResponse) {
  router_.Add(Verb::get, "/breaks", {}, [](Request, Responder responder) {
    std::move(responder).Stream({.status = 200, .content_type = "text/plain"}, std::make_shared<BreakingHandler>());
  });
  Start();
  EXPECT_EQ(HttpConnection(address()).Call("GET", "/three", "", "").body, "piece piece piece ");
  EXPECT_EQ(HttpConnection(address()).Call("GET", "/breaks", "", "").status, 0);
}

constexpr absl::string_view kThreeChunks = "6\r\npiece \r\n6\r\npiece \r\n6\r\npiece \r\n0\r\n\r\n";

// What differs with TLS, whose reads and writes are made of several.
class ResponseStreamTransportTest : public ResponseStreamTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override { StartSecure(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Transports, ResponseStreamTransportTest, ::testing::Bool(),
                         [](const auto& secure) { return secure.param ? "Tls" : "Plain"; });

TEST_P(ResponseStreamTransportTest, WritesChunksAndGoesOnToTheNextRequest) {
  HttpConnection client(address(), ca_file());
  for (int i = 0; i < 3; ++i) {
    client.Send(Get(client, "/three"));
    EXPECT_EQ(client.Receive().headers.at("transfer-encoding"), "chunked");
    EXPECT_EQ(client.ReceiveBytes(kThreeChunks.size()), kThreeChunks);
  }
  EXPECT_EQ(client.Get("/hello").body, "hello");
  AwaitClosed(3);
}

TEST_P(ResponseStreamTransportTest, AnswersRequestsThatWereSentAhead) {
  HttpConnection client(address(), ca_file());
  client.Send(absl::StrCat(Get(client, "/three"), Get(client, "/three"), Get(client, "/hello")));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.Receive().status, 200);
    EXPECT_EQ(client.ReceiveBytes(kThreeChunks.size()), kThreeChunks);
  }
  EXPECT_EQ(client.Receive().body, "hello");
  // What was sent ahead is answered once.
  EXPECT_EQ(client.Get("/names/x").body, "x");
}

TEST_P(ResponseStreamTransportTest, ReadsTheBodyOfARequestWhoseHeadWasSentAhead) {
  HttpConnection client(address(), ca_file());
  std::string body(100'000, 'x');
  for (size_t i = 0; i < body.size(); i += 100) body[i] = static_cast<char>('a' + i / 100 % 26);
  client.Send(absl::StrCat(Get(client, "/three"), "POST /echo HTTP/1.1\r\n", client.host_header(),
                           "Content-Length: ", body.size(), "\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveBytes(kThreeChunks.size()), kThreeChunks);
  client.Send(body);
  EXPECT_EQ(client.Receive().body, body);
  EXPECT_EQ(client.Get("/names/x").body, "x");
}

TEST_P(ResponseStreamTransportTest, ReadsOnInARequestOfWhichAPartWasSentAhead) {
  HttpConnection client(address(), ca_file());
  client.Send(absl::StrCat(Get(client, "/three"), "GET /names/x HT"));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveBytes(kThreeChunks.size()), kThreeChunks);
  client.Send(absl::StrCat("TP/1.1\r\n", client.host_header(), "\r\n"));
  EXPECT_EQ(client.Receive().body, "x");
  EXPECT_EQ(client.Get("/names/a-longer-name").body, "a-longer-name");
}

// Late calls, while the connection streams its next response, and while it waits for the answer to a third request.
TEST_F(ResponseStreamTest, LeavesLaterResponsesAloneOnceClosed) {
  std::shared_ptr<ResponseStream> closed;  // For the connection's thread, as the counts, until `posted`.
  int closed_calls = 0;
  int next_closed_calls = 0;
  absl::Notification posted;
  const auto call_closed = [&] {
    closed->Write("late");
    closed->Finish();
    closed->Abort();
  };
  router_.Add(Verb::get, "/kept", {}, [&](Request, Responder responder) {
    std::move(responder).Stream({.status = 200}, std::make_shared<PiecesHandler>(
                                                     0, "", /*finishes=*/true, [&] { ++closed_calls; },
                                                     [&](const auto& stream) { closed = stream; }));
  });
  router_.Add(Verb::get, "/next", {}, [&](Request, Responder responder) {
    std::move(responder).Stream({.status = 200}, std::make_shared<PiecesHandler>(
                                                     3, "piece ", /*finishes=*/true, [&] { ++next_closed_calls; },
                                                     [&](const auto&) { call_closed(); }));
  });
  router_.Add(Verb::get, "/last", {}, [&](Request, Responder responder) {
    call_closed();
    std::move(responder).Send(TextResponse(200, "last"));
    closed->Post([&] { posted.Notify(); });
  });
  Start();
  HttpConnection client(address());
  client.Send(Get(client, "/kept"));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveBytes(5), "0\r\n\r\n");
  client.Send(Get(client, "/next"));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveBytes(kThreeChunks.size()), kThreeChunks);
  EXPECT_EQ(client.Get("/last").body, "last");
  EXPECT_TRUE(posted.WaitForNotificationWithTimeout(absl::Seconds(20))) << "Post works after OnClosed";
  EXPECT_EQ(closed_calls, 1);
  EXPECT_EQ(next_closed_calls, 1);
  EXPECT_EQ(client.Get("/hello").body, "hello");
}

TEST_P(ResponseStreamTransportTest, EndsTheConnectionBehindAStreamWhenAsked) {
  HttpConnection client(address(), ca_file());
  client.Send(absl::StrCat("GET /three HTTP/1.1\r\n", client.host_header(), "Connection: close\r\n\r\n"));
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveToEnd(), kThreeChunks);
}

TEST_F(ResponseStreamTest, EndsWithTheConnectionForHttp10) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("GET /three HTTP/1.0\r\n", client.host_header(), "Connection: keep-alive\r\n\r\n"));
  const std::string all = client.ReceiveToEnd();
  EXPECT_TRUE(absl::EndsWith(all, "\r\n\r\npiece piece piece ")) << all;
  EXPECT_FALSE(absl::StrContains(all, "chunked")) << all;
}

TEST_F(ResponseStreamTest, AnswersHeadWithoutAHandler) {
  Start();
  HttpConnection client(address());
  client.Send(absl::StrCat("HEAD /endless HTTP/1.1\r\n", client.host_header(), "\r\n"));
  EXPECT_EQ(client.Receive(/*to_head=*/true).status, 200);
  EXPECT_EQ(client.Get("/hello").body, "hello");
}

TEST_P(ResponseStreamTransportTest, NoticesThatTheClientHasGone) {
  {
    HttpConnection client(address(), ca_file());
    client.Send(Get(client, "/waits"));
    EXPECT_EQ(client.Receive().status, 200);
  }
  AwaitClosed();
}

TEST_F(ResponseStreamTest, CutsOffAClientThatDoesNotRead) {
  limits_.http_write_timeout = absl::Milliseconds(200);
  Start();
  HttpConnection client(address());
  client.Send(Get(client, "/endless"));
  AwaitClosed();
}

TEST_F(ResponseStreamTest, MayWaitLongerThanAWriteMayTake) {
  limits_.http_write_timeout = absl::Milliseconds(50);
  Start();
  HttpConnection client(address());
  client.Send(Get(client, "/waits"));
  EXPECT_EQ(client.Receive().status, 200);
  // Another one's timeout has passed by then.
  HttpConnection stalled(address());
  stalled.Send(Get(stalled, "/endless"));
  AwaitClosed();
  listener_->BeginStop();
  EXPECT_EQ(client.ReceiveToEnd(), "6\r\npiece \r\n0\r\n\r\n");
}

TEST_F(ResponseStreamTest, IsToldThatTheBrokerStops) {
  Start();
  HttpConnection client(address());
  client.Send(Get(client, "/waits"));
  EXPECT_EQ(client.Receive().status, 200);
  listener_->Stop(absl::Now() + absl::Seconds(20));
  EXPECT_EQ(client.ReceiveToEnd(), "6\r\npiece \r\n0\r\n\r\n");
  AwaitClosed();
}

// A stop that comes when the head is on its way. The test's own connection is on the first thread, which goes on.
TEST_F(ResponseStreamTest, IsToldOfAStopThatCameBeforeItWasOpen) {
  limits_.http_threads = 2;
  absl::Notification asked;
  absl::Notification stopped;
  router_.Add(Verb::get, "/held", {}, [&](Request, Responder responder) {
    asked.Notify();
    stopped.WaitForNotification();
    std::move(responder).Stream({.status = 200},
                                std::make_shared<PiecesHandler>(1, "piece ", /*finishes=*/false, [] {}));
  });
  Start();
  HttpConnection other(address());
  EXPECT_EQ(other.Get("/hello").status, 200);
  HttpConnection client(address());
  client.Send(Get(client, "/held"));
  asked.WaitForNotification();
  listener_->BeginStop();
  EXPECT_EQ(other.ReceiveToEnd(), "") << "by then the stop waits on the other thread, too";
  stopped.Notify();
  EXPECT_EQ(client.Receive().status, 200);
  EXPECT_EQ(client.ReceiveToEnd(), "6\r\npiece \r\n0\r\n\r\n");
}

TEST_F(ResponseStreamTest, IsCutOffWhenTheStopTakesTooLong) {
  limits_.http_write_timeout = absl::Seconds(60);
  Start();
  HttpConnection client(address());
  client.Send(Get(client, "/endless"));
  EXPECT_EQ(client.Receive().status, 200);
  listener_->Stop(absl::Now());
  AwaitClosed();
}

}  // namespace
}  // namespace playhead::broker::http
