// Clients over gRPC that ask and then read nothing: they hold the memory of what they were sent until others need it.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/dialects/photon/options.h"
#include "broker/grpc/message_buffer.h"
#include "photon/whatsapp/v1/message_service.pb.h"
#include "playhead/v1/consumers.pb.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "storage/limits.h"
#include "tests/support/batches.h"
#include "tests/support/consume_session.h"
#include "tests/support/consumers_client.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::TestServer;

constexpr size_t kEventBytes = size_t{700} << 10;
constexpr uint64_t kEvents = 8;
// Together they want more memory than there is.
constexpr size_t kStalledCalls = 12;
constexpr absl::Duration kPatience = absl::Seconds(240);

// One call of any kind. Its client sends one request, and reads when it is told to.
class RawCall {
 public:
  RawCall(const std::string& address, const std::string& method, const google::protobuf::Message& request)
      : stub_(NewChannel(address)) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
    context_.AddMetadata("access_token", "token");
    context_.AddMetadata("phone_number_id", "device");
    call_ = stub_.PrepareCall(&context_, method, &queue_);
    call_->StartCall(nullptr);
    AwaitOne();
    call_->Write(broker::ToByteBuffer(request), nullptr);
    AwaitOne();
  }
  ~RawCall() {
    context_.TryCancel();
    if (!ended_) Finish();
    queue_.Shutdown();
    AwaitOne();
  }

  // Reads messages until they have `bytes` together. False if there are no more.
  bool Read(size_t bytes) {
    for (size_t have = 0; have < bytes;) {
      grpc::ByteBuffer message;
      call_->Read(&message, nullptr);
      if (!AwaitOne()) return false;
      have += message.Length();
    }
    return true;
  }
  // REQUIRES: Read returned false.
  grpc::Status Finish() {
    ended_ = true;
    grpc::Status status;
    call_->Finish(&status, nullptr);
    AwaitOne();
    return status;
  }

 private:
  // A connection of its own, and a window of 64 KiB that does not grow: what is not read stays with the broker.
  static std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
    arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  bool AwaitOne() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
  bool ended_ = false;
};

broker::ServerOptions LittleMemory() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.delivery_budget_bytes = storage::kEventBytesCeiling + storage::kBlockBytesTarget;
  options.limits.grpc_stall_timeout = absl::Milliseconds(500);
  options.dialects.photon.reply_budget_bytes = size_t{4} << 20;
  options.dialects.photon.first_subscribe = broker::photon::FirstSubscribe::kLive;
  return options;
}

struct Kind {
  std::string name;
  std::string method;
  // Of the `number`th call.
  std::function<std::unique_ptr<google::protobuf::Message>(TestServer& server, size_t number)> request;
  bool live = false;                     // It gets what is appended behind its first message.
  size_t bytes = kEvents * kEventBytes;  // That it gets, at least.
};

std::vector<Kind> Kinds() {
  return {
      {.name = "Subscribe",
       .method = "/playhead.v1.EventLog/Subscribe",
       .request =
           [](TestServer&, size_t) {
             auto request = std::make_unique<v1::SubscribeRequest>();
             request->set_instance("device");
             request->mutable_start()->set_after_cursor(0);
             return request;
           }},
      {.name = "SubscribeMany",
       .method = "/playhead.v1.EventLog/SubscribeMany",
       .request =
           [](TestServer&, size_t) {
             auto request = std::make_unique<v1::SubscribeManyRequest>();
             request->mutable_instances()->mutable_names()->add_names("device");
             request->mutable_beginning();
             return request;
           }},
      {.name = "Consume",
       .method = "/playhead.v1.Consumers/Consume",
       .request =
           [](TestServer& server, size_t number) {
             const v1::CreateConsumerRequest create = testing::ConsumerOf(absl::StrCat("reader-", number), "device");
             EXPECT_TRUE(testing::ConsumersClient(server.channel()).Create(create).ok());
             auto request = std::make_unique<v1::ConsumeRequest>();
             *request->mutable_open() = testing::OpenOf(create.config().name());
             return request;
           }},
      {.name = "FetchMissed",
       .method = "/playhead.v1.EventLog/FetchMissed",
       .request =
           [](TestServer&, size_t) {
             auto request = std::make_unique<v1::FetchMissedRequest>();
             request->set_instance("device");
             request->mutable_start()->set_after_cursor(0);
             return request;
           },
       .bytes = kEventBytes},
      {.name = "PhotonSubscribeEvents",
       .method = "/photon.whatsapp.v1.MessageService/SubscribeEvents",
       .request = [](TestServer&,
                     size_t) { return std::make_unique<::photon::whatsapp::v1::SubscribeEventsRequest>(); },
       .live = true},
      {.name = "PhotonFetchMissedEvents",
       .method = "/photon.whatsapp.v1.MessageService/FetchMissedEvents",
       .request =
           [](TestServer&, size_t) {
             auto request = std::make_unique<::photon::whatsapp::v1::FetchMissedEventsRequest>();
             request->mutable_cursor()->set_value("0");
             return request;
           },
       .bytes = kEventBytes},
  };
}

class StalledCallsTest : public ::testing::TestWithParam<Kind> {
 protected:
  StalledCallsTest() { AppendLargeEvents(); }

  // Messages, so that every API shows them.
  void AppendLargeEvents() {
    const std::string text(kEventBytes, 'x');
    for (uint64_t i = 0; i < kEvents; ++i) {
      const std::string data = absl::StrCat(
          R"({"metadata":{"phone_number_id":"device"},"contact":{"wa_id":"1555","profile":{"name":"Ann"}},)",
          R"("message":{"id":"wamid.)", ++last_message_, R"(","from":"1555","timestamp":"1700000000","type":"text",)",
          R"("text":{"body":")", text, R"("}}})");
      testing::AppendAndWait(server_.log(), "device",
                             {{.type = "message.received", .data = data, .attributes = {{"dialect", "whatsapp"}}}});
    }
  }

  // Returns with the call begun, if it is of a kind that shows that it has.
  std::unique_ptr<RawCall> Open() {
    auto call = std::make_unique<RawCall>(server_.server().grpc_address(), GetParam().method,
                                          *GetParam().request(server_, ++calls_));
    if (GetParam().live) {
      EXPECT_TRUE(call->Read(1));
    }
    return call;
  }
  double ended() { return server_.server().metrics().stalled_calls.Value(); }

  TestServer server_{LittleMemory()};
  size_t calls_ = 0;
  uint64_t last_message_ = 0;
};

TEST_P(StalledCallsTest, WhoTakesNothingIsEndedWhenOthersWaitForTheMemory) {
  std::vector<std::unique_ptr<RawCall>> stalled;
  for (size_t i = 0; i < kStalledCalls; ++i) stalled.push_back(Open());
  for (;;) {
    const auto reader = Open();
    auto read = std::async(std::launch::async, [&] { return reader->Read(GetParam().bytes); });
    if (GetParam().live) AppendLargeEvents();
    if (read.get()) break;
    // On a busy machine it can be slow for a moment, and then it is told to come again, too.
    ASSERT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }

  // Those who were ended are told so, and that they may come again.
  EXPECT_GT(ended(), 0);
  size_t told = 0;
  for (const auto& call : stalled) {
    if (call->Read(GetParam().bytes)) continue;  // It holds what it waited for until now.
    const grpc::Status status = call->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
    EXPECT_THAT(status.error_message(), ::testing::HasSubstr("took nothing"));
    ++told;
  }
  EXPECT_GT(told, 0u);
  EXPECT_GE(ended(), told);
}

TEST_P(StalledCallsTest, WhoTakesNothingIsLeftInPeaceWhileNobodyWaits) {
  const auto alone = Open();
  if (GetParam().live) AppendLargeEvents();
  // Long enough for some looks at the calls.
  const absl::Time end = absl::Now() + absl::Seconds(2);
  for (uint64_t i = 0; absl::Now() < end; ++i) testing::AppendNumbered(server_.log(), "other", i, 1);
  EXPECT_EQ(ended(), 0);
  EXPECT_TRUE(alone->Read(GetParam().bytes));
}

INSTANTIATE_TEST_SUITE_P(EveryKindOf, StalledCallsTest, ::testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace playhead
