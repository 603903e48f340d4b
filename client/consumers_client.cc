#include "client/consumers_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/consumers.grpc.pb.h"

namespace playhead {
namespace {

constexpr uint32_t kPage = 500;

}  // namespace

absl::StatusOr<ConsumersClient> ConsumersClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return ConsumersClient(*std::move(service));
}

ConsumersClient::ConsumersClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::CreateConsumerResponse> ConsumersClient::CreateConsumer(const v1::CreateConsumerRequest& request) {
  return service_->Call<v1::CreateConsumerResponse>(&v1::Consumers::Stub::CreateConsumer, request);
}

absl::StatusOr<v1::Consumer> ConsumersClient::GetConsumer(absl::string_view name) {
  v1::GetConsumerRequest request;
  request.set_name(std::string(name));
  auto response = service_->Call<v1::GetConsumerResponse>(&v1::Consumers::Stub::GetConsumer, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_consumer());
}

PagedRange<v1::Consumer> ConsumersClient::ListConsumers(absl::string_view prefix) {
  using Range = PagedRange<v1::Consumer>;
  v1::ListConsumersRequest first;
  first.set_prefix(std::string(prefix));
  first.set_page_size(kPage);
  return Range([service = service_, next = std::move(first)]() mutable -> absl::StatusOr<Range::Page> {
    auto response = service->Call<v1::ListConsumersResponse>(&v1::Consumers::Stub::ListConsumers, next);
    if (!response.ok()) return response.status();
    Range::Page page;
    for (v1::Consumer& consumer : *response->mutable_consumers()) page.items.push_back(std::move(consumer));
    page.last = response->next_page_token().empty();
    next.set_page_token(response->next_page_token());
    return page;
  });
}

absl::Status ConsumersClient::DeleteConsumer(absl::string_view name) {
  v1::DeleteConsumerRequest request;
  request.set_name(std::string(name));
  return service_->Call<v1::DeleteConsumerResponse>(&v1::Consumers::Stub::DeleteConsumer, request).status();
}

absl::StatusOr<v1::ResetConsumerResponse> ConsumersClient::ResetConsumer(const v1::ResetConsumerRequest& request) {
  return service_->Call<v1::ResetConsumerResponse>(&v1::Consumers::Stub::ResetConsumer, request);
}

PagedRange<v1::ParkedEvent> ConsumersClient::ListParked(absl::string_view consumer, bool with_events) {
  using Range = PagedRange<v1::ParkedEvent>;
  v1::ListParkedRequest first;
  first.set_consumer(std::string(consumer));
  first.set_page_size(kPage);
  first.set_with_events(with_events);
  return Range([service = service_, next = std::move(first)]() mutable -> absl::StatusOr<Range::Page> {
    auto response = service->Call<v1::ListParkedResponse>(&v1::Consumers::Stub::ListParked, next);
    if (!response.ok()) return response.status();
    Range::Page page;
    for (v1::ParkedEvent& parked : *response->mutable_parked()) page.items.push_back(std::move(parked));
    page.last = response->next_page_token().empty();
    next.set_page_token(response->next_page_token());
    return page;
  });
}

absl::StatusOr<v1::RequeueParkedResponse> ConsumersClient::RequeueParked(const v1::RequeueParkedRequest& request) {
  return service_->Call<v1::RequeueParkedResponse>(&v1::Consumers::Stub::RequeueParked, request);
}

absl::StatusOr<v1::DropParkedResponse> ConsumersClient::DropParked(const v1::DropParkedRequest& request) {
  return service_->Call<v1::DropParkedResponse>(&v1::Consumers::Stub::DropParked, request);
}

}  // namespace playhead
