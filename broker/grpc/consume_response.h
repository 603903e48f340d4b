// Encodes the deliveries of a holder as ConsumeResponses.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_
#define PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_

#include <grpcpp/support/byte_buffer.h>

#include "absl/time/time.h"
#include "broker/consumers/holder.h"
#include "storage/event_log.h"

namespace playhead::broker {

// The properties of a stream that its responses depend on.
struct ConsumeContext {
  const storage::EventLog& log;
  bool one_instance = false;  // The consumer reads one instance, so its positions are cursors.
  bool created = false;       // The stream created the consumer.
  absl::Duration heartbeat_interval;
};

// Events are not copied: the buffer refers to the stored bytes and keeps them alive, and only one small message about
// all of them is built. REQUIRES: not Closed.
grpc::ByteBuffer EncodeDelivery(const HolderDelivery& delivery, const ConsumeContext& context);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUME_RESPONSE_H_
