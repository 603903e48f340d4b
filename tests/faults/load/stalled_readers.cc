#include "tests/faults/load/stalled_readers.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

std::shared_ptr<grpc::Channel> NewChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A window of 64 KiB that does not grow.
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

StalledReaders::StalledReaders(const std::string& grpc_address, const std::string& http_address,
                               const std::string& instance, size_t of_each_kind) {
  OpenGrpc(grpc_address, instance, of_each_kind);
  for (size_t i = 0; i < of_each_kind; ++i) OpenHttp(http_address, instance, i);
}

StalledReaders::~StalledReaders() {
  for (const auto& context : contexts_) context->TryCancel();
}

void StalledReaders::OpenGrpc(const std::string& address, const std::string& instance, size_t count) {
  const auto channel = NewChannel(address);
  const auto stub = v1::EventLog::NewStub(channel);
  PhotonCredentials photon;
  photon.phone_number_id = instance;
  photon_client_ = std::make_unique<PhotonClient>(address, photon);
  for (size_t i = 0; i < count; ++i) {
    v1::SubscribeRequest one;
    one.set_instance(instance);
    one.mutable_start()->set_after_cursor(0);
    contexts_.push_back(std::make_unique<grpc::ClientContext>());
    one_.push_back(stub->Subscribe(contexts_.back().get(), one));
    v1::SubscribeManyRequest many;
    many.mutable_instances()->set_prefix(instance);
    many.mutable_now();
    contexts_.push_back(std::make_unique<grpc::ClientContext>());
    many_.push_back(stub->SubscribeMany(contexts_.back().get(), many));
    const auto consumer = OpenOf(ConsumerOf(absl::StrCat("stalled-", i), instance));
    consumers_.push_back(std::make_unique<ConsumeSession>(channel, consumer));
    photon_.push_back(std::make_unique<PhotonStream>(photon_client_->messages(), photon));
  }
}

void StalledReaders::OpenHttp(const std::string& address, const std::string& instance, size_t number) {
  event_sources_.push_back(std::make_unique<HttpConnection>(address));
  event_sources_.back()->Send(absl::StrCat("GET /v1/instances/", instance, "/events?from=beginning HTTP/1.1\r\n",
                                           event_sources_.back()->host_header(), "Accept: text/event-stream\r\n\r\n"));
  vzaps_.push_back(
      std::make_unique<VZapsConnection>(address, VZapsRequestOf(address, absl::StrCat("stalled-", number), instance)));
  EXPECT_EQ(vzaps_.back()->answer().status, 101);

  multiwa_.push_back(std::make_unique<RawWebSocket>(address));
  EXPECT_EQ(multiwa_.back()->Connect("/ws?apiKey=any").status, 101);
  multiwa_.back()->SendText(
      absl::StrCat(R"({"type":"subscribe","payload":{"profileId":")", instance, R"(","events":["*"]}})"));

  socket_io_.push_back(
      std::make_unique<SocketIoConnection>(address, "/api/events", absl::StrCat(R"({"token":")", instance, R"("})")));
  EXPECT_NE(socket_io_.back()->connected(), "") << socket_io_.back()->refused();
  socket_io_.back()->Send(SocketIoConnection::kEvent, R"(["subscribe","*"])");
}

}  // namespace playhead::testing
