#include "client/retention_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/retention.grpc.pb.h"

namespace playhead {
namespace {

v1::SetRetentionRequest SetRequest(absl::string_view instance, const v1::RetentionPolicy& policy, bool dry_run) {
  v1::SetRetentionRequest request;
  request.set_instance(std::string(instance));
  *request.mutable_policy() = policy;
  request.set_dry_run(dry_run);
  return request;
}

}  // namespace

absl::StatusOr<RetentionClient> RetentionClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return RetentionClient(*std::move(service));
}

RetentionClient::RetentionClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::GetRetentionResponse> RetentionClient::Get(absl::string_view instance) {
  v1::GetRetentionRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::GetRetentionResponse>(&v1::Retention::Stub::GetRetention, request);
}

absl::Status RetentionClient::Set(absl::string_view instance, const v1::RetentionPolicy& policy) {
  return service_
      ->Call<v1::SetRetentionResponse>(&v1::Retention::Stub::SetRetention, SetRequest(instance, policy, false))
      .status();
}

absl::StatusOr<v1::RetentionEffect> RetentionClient::Plan(absl::string_view instance,
                                                          const v1::RetentionPolicy& policy) {
  auto response =
      service_->Call<v1::SetRetentionResponse>(&v1::Retention::Stub::SetRetention, SetRequest(instance, policy, true));
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_effect());
}

absl::Status RetentionClient::Clear(absl::string_view instance) {
  v1::ClearRetentionRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::ClearRetentionResponse>(&v1::Retention::Stub::ClearRetention, request).status();
}

}  // namespace playhead
