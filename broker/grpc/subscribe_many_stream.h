// EventLog.SubscribeMany: a subscription to many instances, framed as a gRPC stream.
#ifndef PLAYHEAD_BROKER_GRPC_SUBSCRIBE_MANY_STREAM_H_
#define PLAYHEAD_BROKER_GRPC_SUBSCRIBE_MANY_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"

namespace playhead::broker {

// As StartSubscribeStream. Parts of several instances that are available together go into one message.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeManyStream(const Core& core, StalledCalls& stalled_calls,
                                                                     grpc::CallbackServerContext& context,
                                                                     const grpc::ByteBuffer& request);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SUBSCRIBE_MANY_STREAM_H_
