#include "client/keys_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/keys.grpc.pb.h"

namespace playhead {
namespace {

constexpr uint32_t kKeysPage = 500;

}  // namespace

absl::StatusOr<KeysClient> KeysClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return KeysClient(*std::move(service));
}

KeysClient::KeysClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::CreateKeyResponse> KeysClient::CreateKey(const v1::CreateKeyRequest& request) {
  return service_->Call<v1::CreateKeyResponse>(&v1::Keys::Stub::Create, request);
}

PagedRange<v1::Key> KeysClient::ListKeys() {
  v1::ListKeysRequest first;
  first.set_page_size(kKeysPage);
  return PagedRange<v1::Key>(
      [service = service_, next = std::move(first)]() mutable -> absl::StatusOr<PagedRange<v1::Key>::Page> {
        auto response = service->Call<v1::ListKeysResponse>(&v1::Keys::Stub::List, next);
        if (!response.ok()) return response.status();
        PagedRange<v1::Key>::Page page;
        for (v1::Key& key : *response->mutable_keys()) page.items.push_back(std::move(key));
        page.last = response->next_page_token().empty();
        next.set_page_token(response->next_page_token());
        return page;
      });
}

absl::StatusOr<v1::Key> KeysClient::RevokeKey(absl::string_view id) {
  v1::RevokeKeyRequest request;
  request.set_id(std::string(id));
  auto response = service_->Call<v1::RevokeKeyResponse>(&v1::Keys::Stub::Revoke, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_key());
}

absl::StatusOr<v1::RotateKeyResponse> KeysClient::RotateKey(const v1::RotateKeyRequest& request) {
  return service_->Call<v1::RotateKeyResponse>(&v1::Keys::Stub::Rotate, request);
}

}  // namespace playhead
