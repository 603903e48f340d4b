// Hundreds of clients of every protocol that ask for events and then read nothing: they hold up nobody, cost no more
// memory than is set, and what they had is given back.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/fault_fixture.h"
#include "tests/integration/photon_client.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/consume_session.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kOfEachKind = 100;
constexpr size_t kGrpcKinds = 4;
constexpr size_t kHttpKinds = 4;
constexpr size_t kBodyBytes = 60'000;
constexpr int kEvents = 200;
// docs/operating.md, "Memory": what the flags below allow, and what each reader may have besides.
constexpr double kBudgetsBytes = (8 + 8 + 2 * 8 + 16 + 64 + 8 + 6) * kMiB;
constexpr size_t kBytesOfEach = 64 << 10;
// What the store may have by then and did not have before: the tail, the block cache, and two buffers for writes.
constexpr double kLeftBytesMax = (8 + 8 + 2 * 8) * kMiB;

// A message of WhatsApp, which every dialect has words for.
std::string MessageData(int number) {
  return absl::StrCat(
      R"({"metadata":{"phone_number_id":"phone"},"contact":{"wa_id":"15550001","profile":{"name":"Ann"}},)",
      R"("message":{"id":"wamid.)", number,
      R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":")", std::string(kBodyBytes, 'x'),
      R"("}}})");
}

class StalledReadersTest : public FaultFixture {
 protected:
  std::shared_ptr<grpc::Channel> NewChannel() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // A window of 64 KiB that does not grow.
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return grpc::CreateCustomChannel(broker().address(), grpc::InsecureChannelCredentials(), arguments);
  }

  void Append(v1::EventLog::Stub& stub) {
    v1::AppendRequest request;
    request.set_instance("phone");
    v1::Event& event = *request.add_events();
    event.set_type("message.received");
    event.set_data(MessageData(++appended_));
    (*event.mutable_attributes())["dialect"] = "whatsapp";
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = stub.Append(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  RawWebSocket& OpenWebSocket(absl::string_view target) {
    websockets_.push_back(std::make_unique<RawWebSocket>(broker().http_address()));
    EXPECT_EQ(websockets_.back()->Connect(target).status, 101) << target;
    return *websockets_.back();
  }

  void OpenMultiWa() {
    OpenWebSocket("/ws?apiKey=any").SendText(R"({"type":"subscribe","payload":{"profileId":"phone","events":["*"]}})");
  }

  void OpenSocketIo() {
    RawWebSocket& socket = OpenWebSocket("/socket.io/?EIO=4&transport=websocket");
    socket.SendText(R"(40{"token":"phone"})");
    // The session's beginning, and that of the namespace; before that nothing may be said there.
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(socket.Receive().ended);
    socket.SendText(R"(42["subscribe","*"])");
  }

  void OpenAll() {
    const auto channel = NewChannel();
    const auto stub = v1::EventLog::NewStub(channel);
    const std::string& http = broker().http_address();
    photon_client_ = std::make_unique<PhotonClient>(broker().address());
    for (size_t i = 0; i < kOfEachKind; ++i) {
      v1::SubscribeRequest one;
      one.set_instance("phone");
      one.mutable_start()->set_after_cursor(0);
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      one_.push_back(stub->Subscribe(contexts_.back().get(), one));
      v1::SubscribeManyRequest many;
      many.mutable_instances()->set_prefix("ph");
      many.mutable_now();
      contexts_.push_back(std::make_unique<grpc::ClientContext>());
      many_.push_back(stub->SubscribeMany(contexts_.back().get(), many));
      const auto consumer = OpenOf(ConsumerOf(absl::StrCat("c", i), "phone"));
      consumers_.push_back(std::make_unique<ConsumeSession>(channel, consumer));
      photon_.push_back(std::make_unique<PhotonStream>(photon_client_->messages(), PhotonCredentials()));

      event_sources_.push_back(std::make_unique<HttpConnection>(http));
      event_sources_.back()->Send(absl::StrCat("GET /v1/instances/phone/events?from=beginning HTTP/1.1\r\n",
                                               event_sources_.back()->host_header(),
                                               "Accept: text/event-stream\r\n\r\n"));
      VZapsRequest vzaps;
      vzaps.client_token = absl::StrCat("client-", i);
      vzaps.access_token = AccessTokenOf(PostToken(http, TokenBody(vzaps.client_token, "secret")));
      vzaps.instance_token = "instance";
      vzaps.instance = "phone";
      vzaps_.push_back(std::make_unique<VZapsConnection>(http, vzaps));
      EXPECT_EQ(vzaps_.back()->answer().status, 101);
      OpenMultiWa();
      OpenSocketIo();
    }
  }

  void CloseAll() {
    for (const auto& context : contexts_) context->TryCancel();
    one_.clear();
    many_.clear();
    contexts_.clear();
    consumers_.clear();
    photon_.clear();
    photon_client_.reset();
    event_sources_.clear();
    vzaps_.clear();
    websockets_.clear();
  }

  int appended_ = 0;

 private:
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> one_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeManyResponse>>> many_;
  std::vector<std::unique_ptr<ConsumeSession>> consumers_;
  std::unique_ptr<PhotonClient> photon_client_;
  std::vector<std::unique_ptr<PhotonStream>> photon_;
  std::vector<std::unique_ptr<HttpConnection>> event_sources_;
  std::vector<std::unique_ptr<VZapsConnection>> vzaps_;
  std::vector<std::unique_ptr<RawWebSocket>> websockets_;
};

TEST_F(StalledReadersTest, TheyHoldUpNobodyAndCostNoMoreMemoryThanIsSet) {
  constexpr size_t kReaders = (kGrpcKinds + kHttpKinds) * kOfEachKind;
  ASSERT_NO_FATAL_FAILURE(
      Serve({"--tail_bytes_max=8MiB", "--block_cache_bytes=8MiB", "--write_buffer_bytes=8MiB",
             "--delivery_budget_bytes=16MiB", "--grpc_buffer_bytes_max=64MiB", "--append_queue_bytes_max=8MiB",
             "--append_budget_bytes=6MiB", "--photon_first_subscribe=live", "--http_write_timeout=10m",
             absl::StrCat("--streams_max=", 2 * kReaders), absl::StrCat("--http_connections_max=", 2 * kReaders)}));
  const auto stub = v1::EventLog::NewStub(NewChannel());
  ASSERT_NO_FATAL_FAILURE(Append(*stub));
  const double idle_bytes = Figure("playhead_allocated_bytes");
  ASSERT_NO_FATAL_FAILURE(OpenAll());
  // All are let in, before any is given up for what it does not read.
  absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") < kReaders) {
    ASSERT_LT(absl::Now(), patience) << "only " << Figure("playhead_subscribers") << " are readers";
  }
  EXPECT_GE(Figure("playhead_http_connections"), kHttpKinds * kOfEachKind);
  EXPECT_EQ(Figure("playhead_dialect_bounces_total{dialect=\"photon\"}"), 0);
  // One that reads gets all, while each event is on its way.
  Client client = NewClient();
  Subscription reader = *client.Subscribe("phone", Start::Beginning());
  const auto read = [&reader](uint64_t cursor) {
    const auto event = reader.Next(absl::Now() + kPatience);
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->cursor(), cursor);
  };
  ASSERT_NO_FATAL_FAILURE(read(1));
  absl::Duration slowest;
  double most_bytes = 0;
  while (appended_ < kEvents) {
    const absl::Time asked = absl::Now();
    ASSERT_NO_FATAL_FAILURE(Append(*stub));
    ASSERT_NO_FATAL_FAILURE(read(static_cast<uint64_t>(appended_)));
    slowest = std::max(slowest, absl::Now() - asked);
    if (appended_ % 10 == 0) most_bytes = std::max(most_bytes, Figure("playhead_allocated_bytes"));
  }
  std::cout << kReaders << " readers, " << appended_ << " events, the slowest in " << slowest << "; allocated "
            << idle_bytes / kMiB << " MiB, then " << most_bytes / kMiB << " MiB; subscribers "
            << Figure("playhead_subscribers") << ", connections " << Figure("playhead_http_connections")
            << ", delivered " << Figure("playhead_deliveries_total") << std::endl;
  EXPECT_LT(Figure("playhead_deliveries_total"), kReaders * kEvents / 2) << "they read";
  EXPECT_LT(most_bytes, idle_bytes + kBudgetsBytes + kReaders * kBytesOfEach);
  CloseAll();
  patience = absl::Now() + kPatience;
  while (Figure("playhead_allocated_bytes") > idle_bytes + kLeftBytesMax) {
    ASSERT_LT(absl::Now(), patience) << "memory is left: " << Figure("playhead_allocated_bytes") / kMiB << " MiB";
  }
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
