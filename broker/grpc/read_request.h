// What the requests of the reading methods have in common, in the broker's own terms.
#ifndef PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
#define PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/fetch.h"
#include "broker/many_subscription.h"
#include "broker/start_position.h"
#include "broker/subscription.h"
#include "playhead/v1/event_log.pb.h"
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

// The gap as readers are told of it.
v1::Gap ToProto(const Gap& gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
