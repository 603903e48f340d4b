// LimitsClient: gets and sets the limits of instances, for administrators. proto/playhead/v1/limits.proto explains the
// model.
#ifndef PLAYHEAD_CLIENT_LIMITS_CLIENT_H_
#define PLAYHEAD_CLIENT_LIMITS_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "client/paged_range.h"
#include "playhead/v1/limits.pb.h"

namespace playhead {

namespace v1 {
class Limits;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt, and safe to repeat.
// Errors: as limits.proto says; statuses carry the broker's reason (proto/errors.h).
class LimitsClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<LimitsClient> Create(const ClientOptions& options);

  // Here and below, an empty `instance` means the default limits.
  absl::StatusOr<v1::GetLimitsResponse> GetLimits(absl::string_view instance);

  // Lists the instances that have limits of their own, by name.
  PagedRange<v1::ListLimitsResponse::Row> ListLimits();

  absl::Status SetLimits(absl::string_view instance, const v1::InstanceLimits& limits);
  absl::Status ClearLimits(absl::string_view instance);

 private:
  using Service = internal::ServiceClient<v1::Limits>;
  explicit LimitsClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_LIMITS_CLIENT_H_
