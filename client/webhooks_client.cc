#include "client/webhooks_client.h"

#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/webhooks.grpc.pb.h"

namespace playhead {

class WebhooksClient::Remote {
 public:
  Remote(GrpcEndpoint endpoint, absl::Duration timeout)
      : endpoint_(std::move(endpoint)), timeout_(timeout), stub_(endpoint_.NewChannel()) {}

  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    return endpoint_.Call<Response>(stub_, method, request, absl::Now() + timeout_);
  }

 private:
  const GrpcEndpoint endpoint_;
  const absl::Duration timeout_;
  v1::Webhooks::Stub stub_;
};

absl::StatusOr<WebhooksClient> WebhooksClient::Create(const ClientOptions& options) {
  absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(options);
  if (!endpoint.ok()) return endpoint.status();
  if (options.request_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("request_timeout must be positive");
  }
  return WebhooksClient(std::make_shared<Remote>(*std::move(endpoint), options.request_timeout));
}

WebhooksClient::WebhooksClient(std::shared_ptr<Remote> remote) : remote_(std::move(remote)) {}

absl::StatusOr<v1::WebhookSecret> WebhooksClient::SetSecret(const v1::SetWebhookSecretRequest& request) {
  auto response = remote_->Call<v1::SetWebhookSecretResponse>(&v1::Webhooks::Stub::SetSecret, request);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_secret());
}

absl::StatusOr<std::vector<v1::WebhookSecret>> WebhooksClient::ListSecrets() {
  auto response =
      remote_->Call<v1::ListWebhookSecretsResponse>(&v1::Webhooks::Stub::ListSecrets, v1::ListWebhookSecretsRequest());
  if (!response.ok()) return response.status();
  return std::vector<v1::WebhookSecret>(response->secrets().begin(), response->secrets().end());
}

absl::Status WebhooksClient::DeleteSecret(absl::string_view instance) {
  v1::DeleteWebhookSecretRequest request;
  request.set_instance(std::string(instance));
  return remote_->Call<v1::DeleteWebhookSecretResponse>(&v1::Webhooks::Stub::DeleteSecret, request).status();
}

}  // namespace playhead
