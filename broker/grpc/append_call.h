// EventLog.Append: one batch, one reply.
#ifndef PLAYHEAD_BROKER_GRPC_APPEND_CALL_H_
#define PLAYHEAD_BROKER_GRPC_APPEND_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/core.h"

namespace playhead::broker {

// Starts a call. Refuses the batch with APPEND_QUEUE_FULL when the append budget is used up. An accepted append is not
// cancelled when its client goes away.
grpc::ServerUnaryReactor* StartAppendCall(const Core& core, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_APPEND_CALL_H_
