#include "client/erasures_client.h"

#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/erasure.grpc.pb.h"

namespace playhead {

absl::StatusOr<ErasuresClient> ErasuresClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return ErasuresClient(*std::move(service));
}

ErasuresClient::ErasuresClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::Erasure> ErasuresClient::Erase(const v1::EraseEventsRequest& request) {
  return service_->Call<v1::Erasure>(&v1::Erasures::Stub::EraseEvents, request);
}

absl::StatusOr<v1::Erasure> ErasuresClient::Get(uint64_t number) {
  v1::GetErasureRequest request;
  request.set_number(number);
  return service_->Call<v1::Erasure>(&v1::Erasures::Stub::GetErasure, request);
}

absl::StatusOr<std::vector<v1::Erasure>> ErasuresClient::List() {
  std::vector<v1::Erasure> erasures;
  v1::ListErasuresRequest request;
  for (;;) {
    auto response = service_->Call<v1::ListErasuresResponse>(&v1::Erasures::Stub::ListErasures, request);
    if (!response.ok()) return response.status();
    erasures.insert(erasures.end(), response->erasures().begin(), response->erasures().end());
    if (response->next_after_number() == 0) return erasures;
    request.set_after_number(response->next_after_number());
  }
}

absl::StatusOr<v1::Erasure> ErasuresClient::Cancel(uint64_t number) {
  v1::CancelErasureRequest request;
  request.set_number(number);
  return service_->Call<v1::Erasure>(&v1::Erasures::Stub::CancelErasure, request);
}

}  // namespace playhead
