#include "tests/support/key_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

v1::AppendRequest Batch(const std::string& instance, int events, size_t data_bytes) {
  v1::AppendRequest request;
  request.set_instance(instance);
  for (int i = 0; i < events; ++i) {
    v1::Event& event = *request.add_events();
    event.set_type("number");
    event.set_data(std::string(data_bytes, 'd'));
  }
  return request;
}

}  // namespace

std::string CallOutcome::code() const {
  const auto found = trailers.find("error-code");
  return found == trailers.end() ? "" : found->second;
}

CallOutcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context) {
  CallOutcome outcome{status, {}};
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    outcome.trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return outcome;
}

void ExpectRefused(const CallOutcome& outcome, Reason reason) {
  const ReasonInfo& info = GetReasonInfo(reason);
  EXPECT_EQ(static_cast<int>(outcome.status.error_code()), static_cast<int>(info.status)) << info.code;
  EXPECT_EQ(outcome.code(), std::string(info.code)) << outcome.status.error_message();
  const auto retryable = outcome.trailers.find("x-retryable");
  EXPECT_EQ(retryable == outcome.trailers.end() ? "absent" : retryable->second, info.retryable ? "true" : "false");
}

void SetSecret(grpc::ClientContext& context, const std::string& secret) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
  if (!secret.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", secret));
}

KeyClient::KeyClient(std::shared_ptr<grpc::Channel> channel, std::string secret)
    : secret_(std::move(secret)), events_(v1::EventLog::NewStub(channel)), keys_(v1::Keys::NewStub(channel)) {}

template <typename Stub, typename Request, typename Response>
CallOutcome KeyClient::Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                            const Request& request, Response& response) {
  grpc::ClientContext context;
  SetSecret(context, secret_);
  const grpc::Status status = (stub.*method)(&context, request, &response);
  return OutcomeOf(status, context);
}

CallOutcome KeyClient::Append(const std::string& instance, int events, size_t data_bytes) {
  v1::AppendResponse response;
  return Call(*events_, &v1::EventLog::Stub::Append, Batch(instance, events, data_bytes), response);
}

CallOutcome KeyClient::Fetch(const std::string& instance, const std::vector<std::string>& types) {
  v1::FetchMissedRequest request;
  request.set_instance(instance);
  request.mutable_start()->mutable_beginning();
  request.mutable_types()->Assign(types.begin(), types.end());
  v1::FetchMissedResponse response;
  return Call(*events_, &v1::EventLog::Stub::FetchMissed, request, response);
}

CallOutcome KeyClient::Subscribe(const std::string& instance, const std::vector<std::string>& types) {
  grpc::ClientContext context;
  SetSecret(context, secret_);
  v1::SubscribeRequest request;
  request.set_instance(instance);
  request.mutable_start()->mutable_beginning();
  request.mutable_types()->Assign(types.begin(), types.end());
  const auto reader = events_->Subscribe(&context, request);
  v1::SubscribeResponse response;
  const bool let_in = reader->Read(&response);
  if (let_in) context.TryCancel();
  while (reader->Read(&response)) {
  }
  const grpc::Status status = reader->Finish();
  return OutcomeOf(let_in ? grpc::Status::OK : status, context);
}

CallOutcome KeyClient::AppendStream(const std::string& instance) {
  grpc::ClientContext context;
  SetSecret(context, secret_);
  const auto stream = events_->AppendStream(&context);
  stream->Write(Batch(instance, 1, 1));
  stream->WritesDone();
  v1::AppendStreamResponse response;
  while (stream->Read(&response)) {
  }
  const grpc::Status status = stream->Finish();
  return OutcomeOf(status, context);
}

CallOutcome KeyClient::Get(const std::string& instance) {
  v1::GetInstanceRequest request;
  request.set_instance(instance);
  v1::Instance response;
  return Call(*events_, &v1::EventLog::Stub::GetInstance, request, response);
}

CallOutcome KeyClient::Delete(const std::string& instance) {
  v1::DeleteInstanceRequest request;
  request.set_instance(instance);
  v1::DeleteInstanceResponse response;
  return Call(*events_, &v1::EventLog::Stub::DeleteInstance, request, response);
}

CallOutcome KeyClient::List(std::vector<std::string>& names) {
  v1::ListInstancesRequest request;
  request.set_page_size(2);
  for (;;) {
    v1::ListInstancesResponse response;
    CallOutcome outcome = Call(*events_, &v1::EventLog::Stub::ListInstances, request, response);
    for (const v1::Instance& instance : response.instances()) names.push_back(instance.name());
    if (!outcome.ok() || response.next_page_token().empty()) return outcome;
    request.set_page_token(response.next_page_token());
  }
}

CallOutcome KeyClient::CreateKey(const v1::CreateKeyRequest& request, v1::CreateKeyResponse& response) {
  return Call(*keys_, &v1::Keys::Stub::Create, request, response);
}

CallOutcome KeyClient::RevokeKey(const std::string& id) {
  v1::RevokeKeyRequest request;
  request.set_id(id);
  v1::RevokeKeyResponse response;
  return Call(*keys_, &v1::Keys::Stub::Revoke, request, response);
}

CallOutcome KeyClient::RotateKey(const v1::RotateKeyRequest& request, v1::RotateKeyResponse& response) {
  return Call(*keys_, &v1::Keys::Stub::Rotate, request, response);
}

v1::CreateKeyRequest KeyRequest(const std::vector<v1::Permission>& permissions,
                                const std::vector<std::string>& instances) {
  v1::CreateKeyRequest request;
  request.set_name("test");
  for (const v1::Permission permission : permissions) request.add_permissions(permission);
  for (const std::string& instance : instances) request.add_instances(instance);
  return request;
}

}  // namespace playhead::testing
