// ConsumersClient: creates, describes, resets and deletes named consumers, and manages their parked events.
// client/consumer.h reads as one; proto/playhead/v1/consumers.proto has the exact rules.
#ifndef PLAYHEAD_CLIENT_CONSUMERS_CLIENT_H_
#define PLAYHEAD_CLIENT_CONSUMERS_CLIENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/options.h"
#include "client/paged_range.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead {

namespace v1 {
class Consumers;
}  // namespace v1
namespace internal {
template <typename Service>
class ServiceClient;
}  // namespace internal

// Thread safety: all methods may be called from any thread. Copies share one connection.
// Blocking: until the reply or ClientOptions::request_timeout. Each call is one attempt; one that ended with
// UNAVAILABLE or DEADLINE_EXCEEDED may have been carried out.
// Errors: as consumers.proto says; statuses carry the broker's reason (proto/errors.h).
class ConsumersClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<ConsumersClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::CreateConsumerResponse> CreateConsumer(const v1::CreateConsumerRequest& request);
  absl::StatusOr<v1::Consumer> GetConsumer(absl::string_view name);
  // Consumers whose names start with `prefix`, in the byte order of their names.
  PagedRange<v1::Consumer> ListConsumers(absl::string_view prefix = "");
  absl::Status DeleteConsumer(absl::string_view name);
  absl::StatusOr<v1::ResetConsumerResponse> ResetConsumer(const v1::ResetConsumerRequest& request);

  // The consumer's parked events, oldest first; `with_events` adds the events themselves.
  PagedRange<v1::ParkedEvent> ListParked(absl::string_view consumer, bool with_events);
  absl::StatusOr<v1::RequeueParkedResponse> RequeueParked(const v1::RequeueParkedRequest& request);
  absl::StatusOr<v1::DropParkedResponse> DropParked(const v1::DropParkedRequest& request);

 private:
  using Service = internal::ServiceClient<v1::Consumers>;
  explicit ConsumersClient(std::shared_ptr<Service> service);

  std::shared_ptr<Service> service_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CONSUMERS_CLIENT_H_
