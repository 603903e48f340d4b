// VZapsClient: per-instance settings for clients of VZaps' realtime API. proto/playhead/v1/vzaps.proto explains it.
#ifndef PLAYHEAD_CLIENT_VZAPS_CLIENT_H_
#define PLAYHEAD_CLIENT_VZAPS_CLIENT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "playhead/v1/vzaps.pb.h"

namespace playhead {

namespace v1 {
class VZaps;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// `instance` is a name, or `*` for all instances that have none of their own.
//
// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt, and may be repeated.
// Errors: as vzaps.proto says; statuses carry the broker's reason (proto/errors.h).
class VZapsClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<VZapsClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::GetSubscribedEventsResponse> GetSubscribedEvents(absl::string_view instance);
  // Returns the events as the broker keeps them.
  absl::StatusOr<v1::SetSubscribedEventsResponse> SetSubscribedEvents(absl::string_view instance,
                                                                      const std::vector<std::string>& events);
  absl::Status ClearSubscribedEvents(absl::string_view instance);

 private:
  using Service = internal::ServiceClient<v1::VZaps>;
  explicit VZapsClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_VZAPS_CLIENT_H_
