// What a Consume stream writes: deliveries of a holder as encoded ConsumeResponses.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_
#define PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_

#include <grpcpp/support/byte_buffer.h>

#include "absl/time/time.h"
#include "broker/consumers/holder.h"
#include "storage/event_log.h"

namespace playhead::broker {

// What of a stream shows in its responses.
struct ConsumeContext {
  const storage::EventLog& log;
  bool one_instance = false;  // The consumer reads one: its positions are cursors.
  bool created = false;       // The stream made the consumer.
  absl::Duration heartbeat_interval;
};

// Events go out as the very bytes that are stored, which the buffer keeps alive: what is built is one small message
// about all of them. REQUIRES: not Closed.
grpc::ByteBuffer EncodeDelivery(const HolderDelivery& delivery, const ConsumeContext& context);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_
