// Overload in miniature: for a while far more of everything than the broker can serve, all at once, over each way to
// write. What was let in is served, what is refused may come again and is then stored once, memory stays within its
// budgets, and in the end everything is given back.
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "broker/webhook/signature.h"
#include "client/publisher.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "playhead/v1/webhooks.grpc.pb.h"
#include "proto/errors.h"
#include "tests/faults/fault_fixture.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
bool Soak() { return std::getenv("PLAYHEAD_SOAK") != nullptr; }

constexpr size_t kAppenders = 16;  // Of one event after the other, by calls.
constexpr size_t kPublishers = 4;  // Of streams.
constexpr size_t kWebhooks = 8;    // That Meta posts.
constexpr size_t kStalledOfEachKind = 40;
constexpr size_t kStreamsMax = 3 * kStalledOfEachKind + 40;
constexpr size_t kHttpConnectionsMax = 2 * kStalledOfEachKind + kWebhooks + 60;
// Calls that come faster than gRPC 1.51 has threads for, it queues without a bound (docs/reliability.md).
constexpr absl::Duration kCallsInterval = absl::Milliseconds(300);

constexpr char kWebhookSecret[] = "the-app-secret";

// Posts messages to the webhook as Meta does: each until it is answered with 200. Not thread-safe.
class WebhookPoster {
 public:
  WebhookPoster(std::string address, std::string phone)
      : address_(std::move(address)), phone_(std::move(phone)), connection_(std::in_place, address_) {}

  // One attempt.   Returns the answer's status, 0 if there was none.
  int Post(absl::string_view text) {
    const std::string body = absl::StrCat(
        R"({"entry":[{"id":"77","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":")", phone_,
        R"("},"messages":[{"id":"wamid.)", stored_ + 1, R"(","text":{"body":")", text, R"("}}]}}]}]})");
    const std::string headers = absl::StrCat("Content-Type: application/json\r\nX-Hub-Signature-256: ",
                                             broker::webhook::SignatureHeader(body, kWebhookSecret), "\r\n");
    const int status = connection_->Call("POST", "/webhook", headers, body).status;
    if (status == 200) ++stored_;
    if (status == 0) connection_.emplace(address_);
    return status;
  }
  const std::string& phone() const { return phone_; }
  uint64_t stored() const { return stored_; }

 private:
  const std::string address_;
  const std::string phone_;
  std::optional<HttpConnection> connection_;
  uint64_t stored_ = 0;
};

class OverloadTest : public FaultFixture {
 protected:
  // The most that the broker has had resident so far.
  size_t PeakKib() { return StatusKib("VmHWM:"); }
  size_t Descriptors() {
    const std::filesystem::directory_iterator open(absl::StrCat("/proc/", broker().pid(), "/fd"));
    return static_cast<size_t>(std::distance(begin(open), end(open)));
  }

  // Does `act` again and again in a thread until the end.
  void Again(std::function<void()> act) {
    threads_.emplace_back([this, act = std::move(act)] {
      while (!over_) act();
    });
  }

  void NoteAppend(const absl::Status& status) {
    ++(status.ok() ? stored_ : refused_);
    if (!status.ok()) {
      EXPECT_TRUE(IsRetryable(status) || absl::IsUnavailable(status)) << status;
    }
  }

  // The head of an instance.
  uint64_t HeadOf(const std::string& instance) {
    const auto info = NewClient().GetInstance(instance);
    EXPECT_TRUE(info.ok()) << info.status();
    return info.ok() ? info->head_cursor() : 0;
  }

  void SetWebhookSecret() {
    grpc::ClientContext context;
    v1::SetWebhookSecretRequest request;
    request.set_instance("*");
    request.set_secret(kWebhookSecret);
    v1::SetWebhookSecretResponse response;
    const auto channel = grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials());
    const grpc::Status status = v1::Webhooks::NewStub(channel)->SetSecret(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::unique_ptr<v1::EventLog::Stub> NewStub() {
    return v1::EventLog::NewStub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
  }
  static v1::SubscribeRequest FromBeginning(const std::string& instance) {
    v1::SubscribeRequest request;
    request.set_instance(instance);
    request.mutable_start()->set_after_cursor(0);
    return request;
  }

  std::atomic<bool> over_ = false;
  std::atomic<uint64_t> stored_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::atomic<uint64_t> hooks_stored_ = 0;
  std::atomic<uint64_t> hooks_refused_ = 0;
  std::atomic<uint64_t> streams_refused_ = 0;
  std::vector<std::thread> threads_;

 private:
  // What /proc says of the broker.
  size_t StatusKib(absl::string_view name) {
    std::ifstream status(absl::StrCat("/proc/", broker().pid(), "/status"));
    for (std::string line; std::getline(status, line);) {
      size_t kib = 0;
      const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      if (words.size() > 1 && words[0] == name && absl::SimpleAtoi(words[1], &kib)) return kib;
    }
    ADD_FAILURE() << "no " << name;
    return 0;
  }
};

TEST_F(OverloadTest, WhoWasLetInIsServedAndEverythingIsGivenBack) {
  ASSERT_NO_FATAL_FAILURE(
      Serve({"--tail_bytes_max=8MiB", "--block_cache_bytes=8MiB", "--write_buffer_bytes=8MiB",
             "--delivery_budget_bytes=16MiB", "--grpc_buffer_bytes_max=128MiB", "--append_queue_bytes_max=8MiB",
             "--append_budget_bytes=6MiB", "--http_body_budget_bytes=8MiB", absl::StrCat("--streams_max=", kStreamsMax),
             absl::StrCat("--http_connections_max=", kHttpConnectionsMax)}));
  SingleAppender filler(broker().address(), "filler");
  const std::string large(512 << 10, 'x');
  for (uint64_t i = 1; i <= 60; ++i) ASSERT_TRUE(filler.Append("long", large, i).ok());
  // Each has a session of its own.
  const auto vzaps = [this](size_t i) {
    VZapsRequest request;
    request.client_token = absl::StrCat("client-", i);
    request.access_token = AccessTokenOf(PostToken(broker().http_address(), TokenBody(request.client_token, "secret")));
    request.instance_token = "instance";
    request.instance = "long";
    return request;
  };
  ASSERT_NO_FATAL_FAILURE(SetWebhookSecret());
  const size_t idle_kib = PeakKib();
  const size_t idle_descriptors = Descriptors();
  std::vector<uint64_t> published(kPublishers);
  std::vector<std::pair<std::string, uint64_t>> hooked(kWebhooks);

  // Readers of each kind that take nothing.
  {
    const auto stub = NewStub();
    std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
    std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> subscriptions;
    std::vector<std::unique_ptr<HttpConnection>> event_sources;
    std::vector<std::unique_ptr<VZapsConnection>> websockets;
    for (size_t i = 0; i < kStalledOfEachKind; ++i) {
      contexts.push_back(std::make_unique<grpc::ClientContext>());
      subscriptions.push_back(stub->Subscribe(contexts.back().get(), FromBeginning("long")));
      event_sources.push_back(std::make_unique<HttpConnection>(broker().http_address()));
      event_sources.back()->Send(absl::StrCat("GET /v1/instances/long/events?from=beginning HTTP/1.1\r\n",
                                              event_sources.back()->host_header(),
                                              "Accept: text/event-stream\r\n\r\n"));
      websockets.push_back(std::make_unique<VZapsConnection>(broker().http_address(), vzaps(i)));
      EXPECT_EQ(websockets.back()->answer().status, 101);
    }

    // Appenders of large events, over gRPC.
    for (size_t i = 0; i < kAppenders; ++i) {
      auto appender = std::make_shared<SingleAppender>(broker().address(), absl::StrCat("p", i));
      auto sequence = std::make_shared<uint64_t>(1);
      Again([this, i, appender, sequence, &large] {
        const absl::Status status = appender->Append(absl::StrCat("bot-", i), large, *sequence).status();
        NoteAppend(status);
        if (status.ok()) ++*sequence;
      });
    }
    // The same over streams, whose publishers send again what is refused.
    std::vector<Publisher> publishers;
    for (size_t i = 0; i < kPublishers; ++i) {
      PublisherOptions options;
      options.window_bytes_max = kMiB;
      publishers.push_back(*NewClient().NewPublisher(options));
    }
    for (size_t i = 0; i < kPublishers; ++i) {
      Again([&publisher = publishers[i], &count = published[i], i, &large] {
        const absl::Status accepted =
            publisher.Append(absl::StrCat("stream-", i), {.type = "t", .data = large}, nullptr);
        EXPECT_TRUE(accepted.ok()) << accepted;
        if (accepted.ok()) ++count;
      });
    }
    // And webhooks.
    std::vector<std::unique_ptr<WebhookPoster>> posters;
    for (size_t i = 0; i < kWebhooks; ++i) {
      posters.push_back(std::make_unique<WebhookPoster>(broker().http_address(), absl::StrCat(100'000 + i)));
      Again([this, &poster = *posters.back(), text = large.substr(0, 64 << 10)] {
        const int status = poster.Post(text);
        EXPECT_TRUE(status == 200 || status == 503 || status == 429 || status == 0) << status;
        ++(status == 200 ? hooks_stored_ : hooks_refused_);
      });
    }
    // Connections that come and go.
    Again([this] {
      std::vector<std::unique_ptr<HttpConnection>> connections;
      for (int i = 0; i < 50; ++i) connections.push_back(std::make_unique<HttpConnection>(broker().http_address()));
    });
    // More streams than are allowed.
    Again([this, stub = std::shared_ptr<v1::EventLog::Stub>(NewStub())] {
      absl::SleepFor(kCallsInterval);
      std::vector<std::unique_ptr<grpc::ClientContext>> calls;
      std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> opened;
      for (size_t i = 0; i < 100; ++i) {
        calls.push_back(std::make_unique<grpc::ClientContext>());
        opened.push_back(stub->Subscribe(calls.back().get(), FromBeginning("probe")));
      }
      v1::SubscribeResponse response;
      for (size_t i = 0; i < opened.size(); ++i) {
        if (opened[i]->Read(&response)) {
          calls[i]->TryCancel();
          opened[i]->Finish();
        } else {
          EXPECT_EQ(opened[i]->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
          ++streams_refused_;
        }
      }
    });

    // One that was let in before all that: each of its appends succeeds, at the first or at a later attempt.
    Client probe = NewClient();
    const absl::Time end = absl::Now() + (Soak() ? absl::Minutes(10) : absl::Seconds(12));
    uint64_t probed = 0;
    absl::Duration slowest;
    while (absl::Now() < end) {
      const absl::Time asked = absl::Now();
      AppendOptions options;
      options.producer.emplace();
      options.producer->set_id("probe");
      options.producer->set_sequence(++probed);
      const NewEvent event = {.type = "t", .data = "x"};
      const auto appended = probe.Append("probe", {event}, options);
      EXPECT_TRUE(appended.ok()) << appended.status();
      if (!appended.ok()) break;
      EXPECT_EQ(appended->head_cursor, probed);
      slowest = std::max(slowest, absl::Now() - asked);
    }
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
    for (Publisher& publisher : publishers) {
      const absl::Status flushed = publisher.Flush(absl::Now() + kPatience);
      EXPECT_TRUE(flushed.ok()) << flushed;
    }
    for (size_t i = 0; i < kWebhooks; ++i) hooked[i] = {posters[i]->phone(), posters[i]->stored()};
    EXPECT_GT(probed, 0u);
    EXPECT_GT(stored_, 0u);
    EXPECT_GT(hooks_stored_, 0u);
    EXPECT_GT(streams_refused_, 0u) << "it was no overload";

    // docs/operating.md, "Memory".
    const size_t bound = 8 * kMiB + 8 * kMiB + 2 * 8 * kMiB + 16 * kMiB + 128 * kMiB + 8 * kMiB + 8 * kMiB +
                         (kStreamsMax + kHttpConnectionsMax) * (64 << 10);
    const size_t peak_kib = PeakKib();
    std::cout << "probe " << probed << " appends, slowest " << slowest << "; others " << stored_ << " stored, "
              << refused_ << " refused; over streams "
              << std::accumulate(published.begin(), published.end(), uint64_t{0}) << "; webhooks " << hooks_stored_
              << " stored, " << hooks_refused_ << " refused; " << streams_refused_ << " streams refused; idle "
              << idle_kib / 1024 << " MiB, peak " << peak_kib / 1024 << " MiB, budgets " << bound / kMiB << " MiB"
              << std::endl;
    EXPECT_LT(peak_kib, idle_kib + bound / 1024);
    for (const auto& context : contexts) context->TryCancel();
  }

  const absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  // Of gRPC's pollers and of the store, some may have come for good.
  while (Descriptors() > idle_descriptors + 20) ASSERT_LT(absl::Now(), patience) << "connections are left";
  // What was acknowledged is stored, once; and of each poster's last one nobody knows.
  for (size_t i = 0; i < kPublishers; ++i) EXPECT_EQ(HeadOf(absl::StrCat("stream-", i)), published[i]);
  for (const auto& [phone, stored] : hooked) {
    if (stored == 0) continue;
    const uint64_t head = HeadOf(phone);
    EXPECT_TRUE(head == stored || head == stored + 1) << phone << " has " << head << ", not " << stored;
  }
  EXPECT_EQ(Figure("playhead_store_reopens_total"), 0);
  EXPECT_EQ(broker().Terminate(), 0);
}

// A hundred thousand a minute, by one client that waits for nothing; for a minute, or an hour.
TEST_F(OverloadTest, StreamsThatAreCancelledAtOnceLeaveNothingBehind) {
  constexpr size_t kStreams = 50;
  constexpr absl::Duration kInterval = absl::Milliseconds(30);
  // Less than 50 bytes for each stream of a minute.
  constexpr double kLeftBytesMax = 4 * kMiB;
  const absl::Duration lasting = Soak() ? absl::Hours(1) : absl::Minutes(1);
  ASSERT_NO_FATAL_FAILURE(Serve());
  SingleAppender filler(broker().address(), "filler");
  ASSERT_TRUE(filler.Append("long", std::string(512 << 10, 'x'), 1).ok());
  const size_t idle_descriptors = Descriptors();
  size_t opened = 0;
  const auto open_for = [&](absl::Duration time) {
    const auto stub = NewStub();
    const absl::Time end = absl::Now() + time;
    for (absl::Time next = absl::Now(); next < end; next += kInterval) {
      absl::SleepFor(next - absl::Now());
      std::vector<std::unique_ptr<grpc::ClientContext>> calls;
      std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> streams;
      for (size_t i = 0; i < kStreams; ++i) {
        calls.push_back(std::make_unique<grpc::ClientContext>());
        streams.push_back(stub->Subscribe(calls.back().get(), FromBeginning("long")));
      }
      for (const auto& call : calls) call->TryCancel();
      for (const auto& stream : streams) stream->Finish();
      opened += kStreams;
    }
  };
  open_for(lasting / 6);
  absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  // The least for a while: gRPC lets go of some of it only then.
  double early_bytes = Figure("playhead_allocated_bytes");
  for (const absl::Time end = absl::Now() + absl::Seconds(10); absl::Now() < end; absl::SleepFor(kInterval)) {
    early_bytes = std::min(early_bytes, Figure("playhead_allocated_bytes"));
  }
  open_for(lasting - lasting / 6);
  // Behind them all on its way through the broker.
  EXPECT_TRUE(filler.Append("long", "x", 2).ok());
  patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  while (Descriptors() > idle_descriptors + 20) ASSERT_LT(absl::Now(), patience) << "connections are left";
  double late_bytes = Figure("playhead_allocated_bytes");
  std::cout << opened << " streams; allocated " << early_bytes / kMiB << " MiB, later " << late_bytes / kMiB
            << " MiB; resident at most " << PeakKib() / 1024 << " MiB" << std::endl;
  for (; late_bytes > early_bytes + kLeftBytesMax; late_bytes = Figure("playhead_allocated_bytes")) {
    ASSERT_LT(absl::Now(), patience) << "memory is left";
  }
  EXPECT_EQ(broker().Terminate(), 0);
}

// gRPC would unpack a few hundred kilobytes to a quarter of a gigabyte, for anybody.
TEST_F(OverloadTest, ACompressedMessageIsRefusedAndNotUnpacked) {
  ASSERT_NO_FATAL_FAILURE(Serve());
  const size_t idle_kib = PeakKib();
  const grpc::Slice zeros(std::string(kMiB, '\0'));
  const std::vector<grpc::Slice> many(256, zeros);
  const grpc::ByteBuffer message(many.data(), many.size());
  grpc::GenericStub stub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
  for (const grpc_compression_algorithm algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    for (const char* const method :
         {"/playhead.v1.EventLog/Append", "/playhead.v1.EventLog/AppendStream", "/grpc.health.v1.Health/Check"}) {
      grpc::ClientContext context;
      context.set_compression_algorithm(algorithm);
      grpc::ByteBuffer reply;
      std::promise<grpc::Status> status;
      stub.UnaryCall(&context, method, grpc::StubOptions(), &message, &reply,
                     [&status](grpc::Status ended) { status.set_value(std::move(ended)); });
      EXPECT_EQ(status.get_future().get().error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
    }
  }
  EXPECT_LT(PeakKib(), idle_kib + 64 * 1024);
  EXPECT_EQ(broker().Terminate(), 0);
}

// Protocol Buffers would write a line about each, for anybody.
TEST_F(OverloadTest, WhoeverSendsTextThatIsNoneFillsNoLog) {
  ASSERT_NO_FATAL_FAILURE(Serve());
  v1::GetInstanceRequest request;
  request.set_instance("bot");
  std::string bytes = request.SerializeAsString();
  bytes.back() = '\xff';
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer message(&slice, 1);
  grpc::GenericStub stub(grpc::CreateChannel(broker().address(), grpc::InsecureChannelCredentials()));
  const size_t said_before = Said().size();
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    std::promise<grpc::Status> status;
    stub.UnaryCall(&context, "/playhead.v1.EventLog/GetInstance", grpc::StubOptions(), &message, &reply,
                   [&status](grpc::Status ended) { status.set_value(std::move(ended)); });
    EXPECT_FALSE(status.get_future().get().ok());
  }
  EXPECT_LT(Said().size(), said_before + 10'000) << Said().substr(said_before);
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
