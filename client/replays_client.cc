#include "client/replays_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/replays.grpc.pb.h"

namespace playhead {
namespace {

template <typename Request>
Request WithId(absl::string_view id) {
  Request request;
  request.set_id(std::string(id));
  return request;
}

}  // namespace

absl::StatusOr<ReplaysClient> ReplaysClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return ReplaysClient(*std::move(service));
}

ReplaysClient::ReplaysClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::ReplayPlan> ReplaysClient::Plan(const v1::PlanReplayRequest& request) {
  return service_->Call<v1::ReplayPlan>(&v1::Replays::Stub::PlanReplay, request);
}

absl::StatusOr<v1::Replay> ReplaysClient::Start(const v1::StartReplayRequest& request) {
  return service_->Call<v1::Replay>(&v1::Replays::Stub::StartReplay, request);
}

absl::StatusOr<v1::Replay> ReplaysClient::Get(absl::string_view id) {
  return service_->Call<v1::Replay>(&v1::Replays::Stub::GetReplay, WithId<v1::GetReplayRequest>(id));
}

absl::StatusOr<std::vector<v1::Replay>> ReplaysClient::List() {
  auto response = service_->Call<v1::ListReplaysResponse>(&v1::Replays::Stub::ListReplays, v1::ListReplaysRequest());
  if (!response.ok()) return response.status();
  return std::vector<v1::Replay>(response->replays().begin(), response->replays().end());
}

absl::StatusOr<v1::Replay> ReplaysClient::Pause(absl::string_view id) {
  return service_->Call<v1::Replay>(&v1::Replays::Stub::PauseReplay, WithId<v1::PauseReplayRequest>(id));
}

absl::StatusOr<v1::Replay> ReplaysClient::Resume(absl::string_view id) {
  return service_->Call<v1::Replay>(&v1::Replays::Stub::ResumeReplay, WithId<v1::ResumeReplayRequest>(id));
}

absl::StatusOr<v1::Replay> ReplaysClient::Cancel(absl::string_view id) {
  return service_->Call<v1::Replay>(&v1::Replays::Stub::CancelReplay, WithId<v1::CancelReplayRequest>(id));
}

}  // namespace playhead
