#include "client/webhooks_client.h"

#include <string>
#include <utility>

#include "client/internal/service_client.h"
#include "playhead/v1/webhooks.grpc.pb.h"

namespace playhead {

absl::StatusOr<WebhooksClient> WebhooksClient::Create(const ClientOptions& options) {
  auto service = Service::Create(options);
  if (!service.ok()) return service.status();
  return WebhooksClient(*std::move(service));
}

WebhooksClient::WebhooksClient(std::shared_ptr<Service> service) : service_(std::move(service)) {}

absl::StatusOr<v1::WebhookSecret> WebhooksClient::SetSecret(const v1::SetWebhookSecretRequest& request) {
  auto response = service_->Call<v1::SetWebhookSecretResponse>(&v1::Webhooks::Stub::SetSecret, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_secret());
}

absl::StatusOr<std::vector<v1::WebhookSecret>> WebhooksClient::ListSecrets() {
  auto response =
      service_->Call<v1::ListWebhookSecretsResponse>(&v1::Webhooks::Stub::ListSecrets, v1::ListWebhookSecretsRequest());
  if (!response.ok()) return response.status();
  return std::vector<v1::WebhookSecret>(response->secrets().begin(), response->secrets().end());
}

absl::Status WebhooksClient::DeleteSecret(absl::string_view instance) {
  v1::DeleteWebhookSecretRequest request;
  request.set_instance(std::string(instance));
  return service_->Call<v1::DeleteWebhookSecretResponse>(&v1::Webhooks::Stub::DeleteSecret, request).status();
}

}  // namespace playhead
