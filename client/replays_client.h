// ReplaysClient: plans, starts and manages replays, for operators. docs/operating.md explains them.
#ifndef PLAYHEAD_CLIENT_REPLAYS_CLIENT_H_
#define PLAYHEAD_CLIENT_REPLAYS_CLIENT_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/options.h"
#include "playhead/v1/replays.pb.h"

namespace playhead {

namespace v1 {
class Replays;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout; Plan and Start read the whole range, so allow for a long
// timeout. Each call is one attempt. A Start that ended with UNAVAILABLE or DEADLINE_EXCEEDED may have begun: list the
// replays before repeating it.
// Errors: as replays.proto says; statuses carry the broker's reason (proto/errors.h).
class ReplaysClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<ReplaysClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::ReplayPlan> Plan(const v1::PlanReplayRequest& request);
  absl::StatusOr<v1::Replay> Start(const v1::StartReplayRequest& request);

  absl::StatusOr<v1::Replay> Get(absl::string_view id);
  // Newest first.
  absl::StatusOr<std::vector<v1::Replay>> List();

  absl::StatusOr<v1::Replay> Pause(absl::string_view id);
  absl::StatusOr<v1::Replay> Resume(absl::string_view id);
  absl::StatusOr<v1::Replay> Cancel(absl::string_view id);

 private:
  using Service = internal::ServiceClient<v1::Replays>;
  explicit ReplaysClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_REPLAYS_CLIENT_H_
