#include "client/vzaps_client.h"

#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/vzaps.grpc.pb.h"

namespace playhead {

absl::StatusOr<VZapsClient> VZapsClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return VZapsClient(*std::move(service));
}

VZapsClient::VZapsClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::GetSubscribedEventsResponse> VZapsClient::GetSubscribedEvents(absl::string_view instance) {
  v1::GetSubscribedEventsRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::GetSubscribedEventsResponse>(&v1::VZaps::Stub::GetSubscribedEvents, request);
}

absl::StatusOr<v1::SetSubscribedEventsResponse> VZapsClient::SetSubscribedEvents(
    absl::string_view instance, const std::vector<std::string>& events) {
  v1::SetSubscribedEventsRequest request;
  request.set_instance(std::string(instance));
  request.mutable_events()->Assign(events.begin(), events.end());
  return service_->Call<v1::SetSubscribedEventsResponse>(&v1::VZaps::Stub::SetSubscribedEvents, request);
}

absl::Status VZapsClient::ClearSubscribedEvents(absl::string_view instance) {
  v1::ClearSubscribedEventsRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::ClearSubscribedEventsResponse>(&v1::VZaps::Stub::ClearSubscribedEvents, request).status();
}

}  // namespace playhead
