// EventLog.Subscribe: a subscription, framed as a gRPC stream.
#ifndef PLAYHEAD_BROKER_GRPC_SUBSCRIBE_STREAM_H_
#define PLAYHEAD_BROKER_GRPC_SUBSCRIBE_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"

namespace playhead::broker {

// Starts a stream. One write is in flight at a time, and the next delivery is requested only when it is done, so events
// that a slow client has not taken stay in the log.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeStream(const Core& core, StalledCalls& stalled_calls,
                                                                 grpc::CallbackServerContext& context,
                                                                 const grpc::ByteBuffer& request);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SUBSCRIBE_STREAM_H_
