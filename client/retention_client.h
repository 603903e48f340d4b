// RetentionClient: how long the events of instances are kept. proto/playhead/v1/retention.proto explains policies.
#ifndef PLAYHEAD_CLIENT_RETENTION_CLIENT_H_
#define PLAYHEAD_CLIENT_RETENTION_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "playhead/v1/retention.pb.h"

namespace playhead {

namespace v1 {
class Retention;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// `instance` is a name, or `*` for all instances that have no policy of their own.
//
// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt, and may be repeated.
// Errors: as retention.proto says; statuses carry the broker's reason (proto/errors.h).
class RetentionClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<RetentionClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::GetRetentionResponse> Get(absl::string_view instance);
  absl::Status Set(absl::string_view instance, const v1::RetentionPolicy& policy);
  // What the policy would remove at once; changes nothing.
  absl::StatusOr<v1::RetentionEffect> Plan(absl::string_view instance, const v1::RetentionPolicy& policy);
  absl::Status Clear(absl::string_view instance);

 private:
  using Service = internal::ServiceClient<v1::Retention>;
  explicit RetentionClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_RETENTION_CLIENT_H_
