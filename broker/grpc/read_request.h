// What the requests of the reading methods have in common, in the broker's own terms.
#ifndef PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
#define PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/fetch.h"
#include "broker/many_subscription.h"
#include "broker/start_position.h"
#include "broker/subscription.h"
#include "playhead/v1/event_log.pb.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"

namespace playhead::broker {

//   InvalidArgument  START_REQUIRED, FILTER_INVALID, INSTANCE_NAME_INVALID.
absl::StatusOr<SubscriptionRequest> ToSubscriptionRequest(const v1::SubscribeRequest& request);

// Of `caller`, who may read what it asks for.
//   InvalidArgument   START_REQUIRED, FILTER_INVALID, POSITION_INVALID; and with the others as MakeInstanceSelector.
//   OutOfRange        CURSOR_DIVERGED: a position of another store.
absl::StatusOr<ManySubscriptionRequest> ToManySubscriptionRequest(const storage::EventLog& log,
                                                                  const v1::SubscribeManyRequest& request,
                                                                  const std::shared_ptr<const Caller>& caller);

//   As ToSubscriptionRequest, and LIMIT_INVALID.
absl::StatusOr<FetchRequest> ToFetchRequest(const v1::FetchMissedRequest& request);

// Whether `caller` may read `instance` through `filter`, which may be nullptr: as Caller::Check of kSubscribe; and of
// kManage as well if the filter names hidden types, which nobody has vouched for.
absl::Status CheckReader(const Caller& caller, absl::string_view instance, const storage::EventFilter* filter);

// The gap as readers are told of it.
v1::Gap ToProto(const Gap& gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
