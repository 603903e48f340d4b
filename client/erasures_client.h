// ErasuresClient: erases events from the log. proto/playhead/v1/erasure.proto explains what that means.
#ifndef PLAYHEAD_CLIENT_ERASURES_CLIENT_H_
#define PLAYHEAD_CLIENT_ERASURES_CLIENT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "playhead/v1/erasure.pb.h"

namespace playhead {

namespace v1 {
class Erasures;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt, and may be repeated.
// Errors: as erasure.proto says; statuses carry the broker's reason (proto/errors.h).
class ErasuresClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<ErasuresClient> Create(const ClientOptions& options);

  // Orders an erasure; it is carried out in the background.
  absl::StatusOr<v1::Erasure> Erase(const v1::EraseEventsRequest& request);
  absl::StatusOr<v1::Erasure> Get(uint64_t number);
  // All listed erasures, by number.
  absl::StatusOr<std::vector<v1::Erasure>> List();
  absl::StatusOr<v1::Erasure> Cancel(uint64_t number);

 private:
  using Service = internal::ServiceClient<v1::Erasures>;
  explicit ErasuresClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_ERASURES_CLIENT_H_
