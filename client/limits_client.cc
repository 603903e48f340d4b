#include "client/limits_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/limits.grpc.pb.h"

namespace playhead {
namespace {

constexpr uint32_t kRowsPage = 500;

}  // namespace

absl::StatusOr<LimitsClient> LimitsClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return LimitsClient(*std::move(service));
}

LimitsClient::LimitsClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::GetLimitsResponse> LimitsClient::GetLimits(absl::string_view instance) {
  v1::GetLimitsRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::GetLimitsResponse>(&v1::Limits::Stub::GetLimits, request);
}

PagedRange<v1::ListLimitsResponse::Row> LimitsClient::ListLimits() {
  using Rows = PagedRange<v1::ListLimitsResponse::Row>;
  v1::ListLimitsRequest first;
  first.set_page_size(kRowsPage);
  return Rows([service = service_, next = std::move(first)]() mutable -> absl::StatusOr<Rows::Page> {
    auto response = service->Call<v1::ListLimitsResponse>(&v1::Limits::Stub::ListLimits, next);
    if (!response.ok()) return response.status();
    Rows::Page page;
    for (auto& row : *response->mutable_rows()) page.items.push_back(std::move(row));
    page.last = response->next_page_token().empty();
    next.set_page_token(response->next_page_token());
    return page;
  });
}

absl::Status LimitsClient::SetLimits(absl::string_view instance, const v1::InstanceLimits& limits) {
  v1::SetLimitsRequest request;
  request.set_instance(std::string(instance));
  *request.mutable_limits() = limits;
  return service_->Call<v1::SetLimitsResponse>(&v1::Limits::Stub::SetLimits, request).status();
}

absl::Status LimitsClient::ClearLimits(absl::string_view instance) {
  v1::ClearLimitsRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::ClearLimitsResponse>(&v1::Limits::Stub::ClearLimits, request).status();
}

}  // namespace playhead
