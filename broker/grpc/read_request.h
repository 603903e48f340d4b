// Converts the requests of the reading methods to the broker's types.
#ifndef PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
#define PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/read/fetch.h"
#include "broker/read/many_subscription.h"
#include "broker/read/start_position.h"
#include "broker/read/subscription.h"
#include "playhead/v1/event_log.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

//   InvalidArgument  START_REQUIRED, FILTER_INVALID, INSTANCE_NAME_INVALID.
absl::StatusOr<SubscriptionRequest> ToSubscriptionRequest(const v1::SubscribeRequest& request);

// The result selects only instances that `caller` may read.
//  InvalidArgument   START_REQUIRED, FILTER_INVALID, POSITION_INVALID.
//  OutOfRange        CURSOR_DIVERGED: a position of another store.
//  and those of MakeInstanceSelector.
absl::StatusOr<ManySubscriptionRequest> ToManySubscriptionRequest(const storage::EventLog& log,
                                                                  const v1::SubscribeManyRequest& request,
                                                                  const std::shared_ptr<const Caller>& caller);

//   As ToSubscriptionRequest, and LIMIT_INVALID.
absl::StatusOr<FetchRequest> ToFetchRequest(const v1::FetchMissedRequest& request);

// Converts a gap to the message for readers.
v1::Gap ToProto(const Gap& gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_READ_REQUEST_H_
