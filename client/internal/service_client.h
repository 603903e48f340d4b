// ServiceClient: calls the methods of one administrative service, without retries.
#ifndef PLAYHEAD_CLIENT_INTERNAL_SERVICE_CLIENT_H_
#define PLAYHEAD_CLIENT_INTERNAL_SERVICE_CLIENT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/grpc_endpoint.h"
#include "client/options.h"

namespace playhead::internal {

// `Service` is a generated service, such as v1::Keys.
// Thread safety: all methods may be called from any thread.   Blocking: Call, until the reply or request_timeout.
template <typename Service>
class ServiceClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<std::shared_ptr<ServiceClient>> Create(const ClientOptions& options) {
    absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(options);
    if (!endpoint.ok()) return endpoint.status();
    if (options.request_timeout <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError("request_timeout must be positive");
    }
    return std::make_shared<ServiceClient>(*std::move(endpoint), options.request_timeout);
  }

  ServiceClient(GrpcEndpoint endpoint, absl::Duration timeout)
      : endpoint_(std::move(endpoint)), timeout_(timeout), stub_(endpoint_.NewChannel()) {}

  // Call<Reply>(&Service::Stub::Method, request).
  template <typename Response, typename Request, typename Method>
  absl::StatusOr<Response> Call(Method method, const Request& request) {
    return endpoint_.Call<Response>(stub_, method, request, absl::Now() + timeout_);
  }

 private:
  const GrpcEndpoint endpoint_;
  const absl::Duration timeout_;
  typename Service::Stub stub_;
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_SERVICE_CLIENT_H_
