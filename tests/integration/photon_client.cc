#include "tests/integration/photon_client.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace playhead::testing {

namespace wire = ::photon::whatsapp::v1;

namespace {

void AddCredentials(const PhotonCredentials& credentials, grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
  const auto add = [&context](const char* key, const std::string& value) {
    if (!value.empty()) context.AddMetadata(key, value);
  };
  add("access_token", credentials.access_token);
  add("phone_number_id", credentials.phone_number_id);
  add("app_secret", credentials.app_secret);
}

}  // namespace

std::string PhotonOutcome::trailer(const std::string& key) const {
  const auto found = trailers.find(key);
  return found == trailers.end() ? "" : found->second;
}

PhotonStream::PhotonStream(wire::MessageService::Stub& stub, const PhotonCredentials& credentials) {
  AddCredentials(credentials, context_);
  reader_ = stub.SubscribeEvents(&context_, wire::SubscribeEventsRequest());
}

PhotonStream::~PhotonStream() { context_.TryCancel(); }

std::optional<PhotonStream::Frame> PhotonStream::Read() {
  Frame frame;
  if (!reader_->Read(&frame)) return std::nullopt;
  return frame;
}

std::vector<std::string> PhotonStream::ReadIds(size_t count) {
  std::vector<std::string> ids;
  while (ids.size() < count) {
    const auto frame = Read();
    if (!frame) break;
    if (frame->has_message()) ids.push_back(frame->message().id());
  }
  return ids;
}

PhotonOutcome PhotonStream::Finish() {
  const grpc::Status status = reader_->Finish();
  return PhotonClient::OutcomeOf(status, context_);
}

PhotonClient::PhotonClient(const std::string& address, PhotonCredentials credentials)
    : credentials_(std::move(credentials)) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A window of 64 KiB that does not grow: what the test does not read stays with the broker.
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 65535);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  messages_ = wire::MessageService::NewStub(channel_);
  media_ = wire::MediaService::NewStub(channel_);
}

std::unique_ptr<PhotonStream> PhotonClient::SubscribeAfterBounce() {
  for (;;) {  // A return that comes too early is bounced again; the deadline of each call ends a test that hangs.
    auto stream = std::make_unique<PhotonStream>(*messages_, credentials_);
    if (stream->Read()) return stream;
    const PhotonOutcome outcome = stream->Finish();
    if (outcome.status.ok()) continue;
    std::fprintf(stderr, "SubscribeEvents: %s\n", outcome.status.error_message().c_str());
    std::abort();
  }
}

PhotonClient::Missed PhotonClient::Fetch(const std::string& cursor, std::optional<int> limit) {
  grpc::ClientContext context;
  Prepare(context);
  wire::FetchMissedEventsRequest request;
  request.mutable_cursor()->set_value(cursor);
  if (limit) request.set_limit(*limit);
  wire::FetchMissedEventsResponse response;
  Missed missed;
  missed.outcome = OutcomeOf(messages_->FetchMissedEvents(&context, request, &response), context);
  missed.bytes = response.ByteSizeLong();
  for (const wire::Event& event : response.events()) {
    missed.ids.push_back(event.has_message() ? event.message().id() : event.status().id());
    missed.cursor = event.cursor().value();
  }
  return missed;
}

void PhotonClient::Prepare(grpc::ClientContext& context) const { AddCredentials(credentials_, context); }

PhotonOutcome PhotonClient::OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context) {
  PhotonOutcome outcome{status, {}};
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    outcome.trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return outcome;
}

}  // namespace playhead::testing
