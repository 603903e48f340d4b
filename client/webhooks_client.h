// WebhooksClient: sets, lists and deletes the app secrets of webhooks. docs/clients/webhooks.md explains them.
#ifndef PLAYHEAD_CLIENT_WEBHOOKS_CLIENT_H_
#define PLAYHEAD_CLIENT_WEBHOOKS_CLIENT_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "playhead/v1/webhooks.pb.h"

namespace playhead {

namespace v1 {
class Webhooks;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt, and may be repeated.
// Errors: as webhooks.proto says; statuses carry the broker's reason (proto/errors.h).
class WebhooksClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<WebhooksClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::WebhookSecret> SetSecret(const v1::SetWebhookSecretRequest& request);

  // By instance name; never the secrets themselves.
  absl::StatusOr<std::vector<v1::WebhookSecret>> ListSecrets();

  // `instance` is a name, or `*`.
  absl::Status DeleteSecret(absl::string_view instance);

 private:
  using Service = internal::ServiceClient<v1::Webhooks>;
  explicit WebhooksClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_WEBHOOKS_CLIENT_H_
