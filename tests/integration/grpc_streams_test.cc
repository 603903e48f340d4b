// AppendStream and Subscribe over real gRPC, and what happens to them when a client goes away or the broker stops.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/support/batches.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using ::testing::ElementsAre;
using testing::TestServer;

v1::AppendRequest Batch(int count, const std::string& instance = "device") {
  v1::AppendRequest request;
  request.set_instance(instance);
  for (int i = 0; i < count; ++i) request.add_events()->set_type("number");
  return request;
}

v1::SubscribeRequest SubscribeAfter(uint64_t cursor) {
  v1::SubscribeRequest request;
  request.set_instance("device");
  request.mutable_start()->set_after_cursor(cursor);
  return request;
}

std::string ErrorCode(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("error-code");
  return found == trailers.end() ? "" : std::string(found->second.data(), found->second.size());
}

TEST(GrpcAppendStreamTest, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  grpc::ClientContext context;
  const auto stream = server.stub().AppendStream(&context);
  constexpr int kRequests = 1000;
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(stream->Write(Batch(3)));
    stream->WritesDone();
  });
  v1::AppendStreamResponse response;
  uint64_t next = 1;
  while (stream->Read(&response)) {
    ASSERT_TRUE(response.has_appended()) << response.ShortDebugString();
    EXPECT_THAT(response.appended().cursors(), ElementsAre(next, next + 1, next + 2));
    next += 3;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(next, 3 * kRequests + 1u);
}

TEST(GrpcAppendStreamTest, FirstRepliesArriveThoughNothingFollowsThem) {
  TestServer server;
  for (int round = 0; round < 100; ++round) {
    grpc::ClientContext context;
    // Without fail a reply takes milliseconds; one that is held back comes with a keepalive ping after 30 s, or never.
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(25));
    const auto stream = server.stub().AppendStream(&context);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(stream->Write(Batch(1)));
    v1::AppendStreamResponse response;
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(stream->Read(&response)) << "round " << round << ", reply " << i;
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
  }
}

TEST(GrpcAppendStreamTest, AfterARefusalNothingMoreIsStoredAndTheStreamEndsWithIt) {
  TestServer server;
  grpc::ClientContext context;
  const auto stream = server.stub().AppendStream(&context);
  v1::AppendRequest refused = Batch(1);
  refused.set_expected_cursor(77);
  EXPECT_TRUE(stream->Write(Batch(1)));
  EXPECT_TRUE(stream->Write(refused));
  for (int i = 0; i < 20; ++i) stream->Write(Batch(1));  // Fails once the stream has ended.
  v1::AppendStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(response.has_appended());
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.error().code(), "CURSOR_MISMATCH");
  EXPECT_EQ(response.error().head_cursor(), 1u);
  while (stream->Read(&response)) EXPECT_EQ(response.error().code(), "PREVIOUS_FAILED");
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ErrorCode(context), "CURSOR_MISMATCH");
  EXPECT_EQ(AppendNumbered(server.log(), "device", 1, 1).value(), 2u);
}

TEST(GrpcAppendStreamTest, AnUnsoundRequestIsRefusedBehindThoseBeforeIt) {
  TestServer server;
  grpc::ClientContext context;
  const auto stream = server.stub().AppendStream(&context);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(stream->Write(Batch(1)));
  EXPECT_TRUE(stream->Write(Batch(0)));
  v1::AppendStreamResponse response;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_TRUE(response.has_appended());
  }
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.error().code(), "BATCH_EMPTY");
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(GrpcAppendStreamTest, OneStreamAppendsToManyInstances) {
  TestServer server;
  grpc::ClientContext context;
  const auto stream = server.stub().AppendStream(&context);
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(stream->Write(Batch(1, absl::StrCat("device-", i % 3))));
  stream->WritesDone();
  v1::AppendStreamResponse response;
  for (uint64_t i = 0; i < 30; ++i) {
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_THAT(response.appended().cursors(), ElementsAre(i / 3 + 1));
  }
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(GrpcAppendStreamTest, WaitsForTheBudgetAndRefusesNothing) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.append_budget_bytes = 5000;
  TestServer server(options);
  const std::string data(2000, 'd');
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&server, &data, c] {
      grpc::ClientContext context;
      const auto stream = server.stub().AppendStream(&context);
      v1::AppendRequest request = Batch(1, absl::StrCat("device-", c));
      request.mutable_events(0)->set_data(data);
      std::thread writer([&] {
        for (int i = 0; i < 200; ++i) ASSERT_TRUE(stream->Write(request));
        stream->WritesDone();
      });
      v1::AppendStreamResponse response;
      int answers = 0;
      while (stream->Read(&response)) {
        EXPECT_TRUE(response.has_appended()) << response.ShortDebugString();
        ++answers;
      }
      writer.join();
      EXPECT_TRUE(stream->Finish().ok());
      EXPECT_EQ(answers, 200);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(server.server().append_budget().in_use(), 0u);
}

TEST(GrpcAppendStreamTest, AWindowSmallerThanThePipelineSlowsItAndLosesNothing) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.append_stream_requests_max = 8;
  TestServer server(options);
  grpc::ClientContext context;
  const auto stream = server.stub().AppendStream(&context);
  std::thread writer([&] {
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(stream->Write(Batch(1)));
    stream->WritesDone();
  });
  v1::AppendStreamResponse response;
  int answers = 0;
  while (stream->Read(&response)) ++answers;
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, 500);
}

TEST(GrpcAppendStreamTest, OneWhoseRepliesAreNotTakenHoldsABoundWhileOthersRunOn) {
  constexpr int kEvents = 1000;  // The reply has 8 KiB.
  constexpr int kRequests = 200;
  // More than the connection takes of it before it stalls, about 17 replies: else it could stall with all of it paid
  // back.
  constexpr size_t kBudget = size_t{256} << 10;
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.append_reply_budget_bytes = kBudget;
  TestServer server(options);
  // Its own connection, which takes 64 KiB before it is read from.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto stalled_stub = v1::EventLog::NewStub(
      grpc::CreateCustomChannel(server.server().grpc_address(), grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext stalled_context;
  const auto stalled = stalled_stub->AppendStream(&stalled_context);
  std::thread writer([&] {
    for (int i = 0; i < kRequests; ++i) ASSERT_TRUE(stalled->Write(Batch(kEvents, "stalled")));
    stalled->WritesDone();
  });
  const auto& budget = server.server().append_reply_budget();
  // How much of it is drawn when the stream stalls depends on which replies the connection had taken by then.
  while (budget.in_use() < kBudget / 4) std::this_thread::yield();

  grpc::ClientContext context;
  const auto running = server.stub().AppendStream(&context);
  v1::AppendStreamResponse response;
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(running->Write(Batch(kEvents, "running")));
    ASSERT_TRUE(running->Read(&response)) << i;
    EXPECT_LE(budget.in_use(), kBudget);
  }
  running->WritesDone();
  EXPECT_TRUE(running->Finish().ok());

  // The budget's worth of replies, those on their way, and one: far from the 64 that a stream may have otherwise.
  grpc::ClientContext get_context;
  v1::GetInstanceRequest get;
  get.set_instance("stalled");
  v1::Instance instance;
  ASSERT_TRUE(server.stub().GetInstance(&get_context, get, &instance).ok());
  EXPECT_LT(instance.head_cursor(), uint64_t{60} * kEvents);

  // And when it is read from, nothing is missing.
  for (uint64_t i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(stalled->Read(&response)) << i;
    EXPECT_EQ(response.appended().cursors(0), i * kEvents + 1);
  }
  writer.join();
  EXPECT_TRUE(stalled->Finish().ok());
  while (budget.in_use() > 0) std::this_thread::yield();
}

TEST(GrpcAppendStreamTest, AClientThatVanishesLeavesNothingBehind) {
  TestServer server;
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    const auto stream = server.stub().AppendStream(&context);
    for (int j = 0; j < i; ++j) stream->Write(Batch(1));
    context.TryCancel();
    EXPECT_FALSE(stream->Finish().ok());
  }
  while (server.server().streams().size() > 0) std::this_thread::yield();
  EXPECT_EQ(server.server().append_budget().in_use(), 0u);
}

TEST(GrpcSubscribeTest, StreamsHistoryAndThenLive) {
  TestServer server;
  AppendNumbered(server.log(), "device", 1, 5000, "number", 300);
  grpc::ClientContext context;
  const auto reader = server.stub().Subscribe(&context, SubscribeAfter(10));
  v1::SubscribeResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.start().cursor(), 10u);
  EXPECT_EQ(response.start().first_cursor(), 1u);
  EXPECT_EQ(response.start().head_cursor(), 5000u);
  EXPECT_EQ(response.start().heartbeat_interval_ms(), 10'000u);
  uint64_t reached = 10;
  int caught_up = 0;
  while (reached < 6000) {
    ASSERT_TRUE(reader->Read(&response));
    for (const v1::Event& event : response.events()) ASSERT_EQ(event.cursor(), ++reached);
    if (!response.has_caught_up()) continue;
    EXPECT_EQ(response.caught_up().cursor(), 5000u);
    ++caught_up;
    AppendNumbered(server.log(), "device", 5001, 1000);
  }
  EXPECT_EQ(caught_up, 1);
  context.TryCancel();
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  while (server.server().streams().size() > 0) std::this_thread::yield();
  EXPECT_EQ(server.server().delivery_budget().in_use(), 0u);
}

TEST(GrpcSubscribeTest, ADeadlineEndsIt) {
  TestServer server;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(50));
  const auto reader = server.stub().Subscribe(&context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  while (reader->Read(&response)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  while (server.server().streams().size() > 0) std::this_thread::yield();
}

TEST(GrpcSubscribeTest, ClientsThatVanishAtAnyMomentLeaveNothingBehind) {
  TestServer server;
  AppendNumbered(server.log(), "device", 1, 3000, "number", 500);
  for (int i = 0; i < 200; ++i) {
    grpc::ClientContext context;
    const auto reader = server.stub().Subscribe(&context, SubscribeAfter(0));
    v1::SubscribeResponse response;
    for (int reads = 0; reads < i % 5; ++reads) reader->Read(&response);
    context.TryCancel();
    reader->Finish();
  }
  while (server.server().streams().size() > 0) std::this_thread::yield();
  while (server.server().delivery_budget().in_use() > 0) std::this_thread::yield();
}

TEST(GrpcShutdownTest, FinishesAppendsEndsStreamsAndRefusesWhatIsNew) {
  TestServer server;
  grpc::ClientContext subscribe_context;
  const auto reader = server.stub().Subscribe(&subscribe_context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  do {
    ASSERT_TRUE(reader->Read(&response));
  } while (!response.has_caught_up());
  grpc::ClientContext append_context;
  const auto stream = server.stub().AppendStream(&append_context);
  ASSERT_TRUE(stream->Write(Batch(5)));
  v1::AppendStreamResponse reply;
  ASSERT_TRUE(stream->Read(&reply));

  std::thread stopper([&] { server.server().Shutdown(absl::Minutes(1)); });
  while (reader->Read(&response)) {
  }
  const grpc::Status subscribe_status = reader->Finish();
  EXPECT_EQ(subscribe_status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ErrorCode(subscribe_context), "SHUTTING_DOWN");
  EXPECT_FALSE(stream->Read(&reply));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ErrorCode(append_context), "SHUTTING_DOWN");
  stopper.join();
  grpc::ClientContext late_context;
  v1::AppendResponse late;
  EXPECT_EQ(server.stub().Append(&late_context, Batch(1), &late).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(GrpcShutdownTest, DoesNotWaitForAClientThatTakesNothing) {
  TestServer server;
  for (uint64_t first = 1; first < 10'000; first += 2000) {
    AppendNumbered(server.log(), "device", first, 2000, "number", 1000);
  }
  grpc::ClientContext context;
  const auto reader = server.stub().Subscribe(&context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  ASSERT_TRUE(reader->Read(&response));
  server.server().Shutdown(absl::Milliseconds(200));  // Hangs if it does.
}

TEST(GrpcListenTest, APortInUseIsSaidPlainly) {
  TestServer first;
  broker::ServerOptions options = testing::TestServerOptions();
  const testing::TempDir dir;
  options.store.data_dir = dir.path();
  options.grpc_listen = first.server().grpc_address();
  const auto second = broker::Server::Start(options);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), ::testing::HasSubstr("in use"));
}

TEST(GrpcListenTest, MalformedAddressesAreRefused) {
  for (const char* address :
       {"", "nonsense", "localhost", "127.0.0.1:99999", "127.0.0.1:", ":1", "fd:", "fd:x", "fd:-1"}) {
    broker::ServerOptions options = testing::TestServerOptions();
    const testing::TempDir dir;
    options.store.data_dir = dir.path();
    options.grpc_listen = address;
    EXPECT_EQ(broker::Server::Start(options).status().code(), absl::StatusCode::kInvalidArgument) << address;
  }
}

TEST(GrpcListenTest, ServesOnASocketThatWasHandedInAndLeavesItToItsSuccessor) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(fd, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(fd, 128), 0);

  broker::ServerOptions options = testing::TestServerOptions();
  const testing::TempDir dir;
  options.store.data_dir = dir.path();
  options.grpc_listen = absl::StrCat("fd:", fd);
  std::string target;
  uint64_t head = 0;
  for (int life = 0; life < 2; ++life) {
    TestServer server(options);
    if (life > 0) {
      EXPECT_EQ(server.server().grpc_address(), target);
    }
    target = server.server().grpc_address();
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::AppendResponse response;
    const grpc::Status status = server.stub().Append(&context, Batch(1), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.head_cursor(), ++head);
  }
  close(fd);
}

}  // namespace
}  // namespace playhead
