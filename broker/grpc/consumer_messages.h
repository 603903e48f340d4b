// Conversions between the native API's messages about consumers and the broker's types.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUMER_MESSAGES_H_
#define PLAYHEAD_BROKER_GRPC_CONSUMER_MESSAGES_H_

#include "absl/status/statusor.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/consumers/feed_position.h"
#include "broker/consumers/holder.h"
#include "playhead/v1/consumers.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Fills in the defaults; otherwise unchecked.
//   InvalidArgument  CONSUMER_INVALID: there is no source.
absl::StatusOr<ConsumerConfig> ToConsumerConfig(const v1::ConsumerConfig& config);

//   InvalidArgument  START_REQUIRED; POSITION_INVALID.   OutOfRange  CURSOR_DIVERGED: a token of another store.
absl::StatusOr<ConsumerStart> ToConsumerStart(const storage::EventLog& log, const v1::ConsumerStart& start);

v1::ConsumerConfig ToProto(const ConsumerConfig& config);
v1::ConsumerPosition ToProto(const storage::EventLog& log, const FeedPosition& position, bool one_instance);
v1::ConsumerPause ToProto(ConsumerPause pause);
v1::Consumer ToProto(const storage::EventLog& log, const ConsumerInfo& info);
v1::ResetConsumerResponse ToProto(const storage::EventLog& log, const ResetResult& result);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUMER_MESSAGES_H_
