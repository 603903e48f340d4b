// EventLog.FetchMissed: one page.
#ifndef PLAYHEAD_BROKER_GRPC_FETCH_CALL_H_
#define PLAYHEAD_BROKER_GRPC_FETCH_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"

namespace playhead::broker {

// Starts a call. The reply refers to the stored bytes of the events.
grpc::ServerUnaryReactor* StartFetchCall(const Core& core, StalledCalls& stalled_calls,
                                         grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_FETCH_CALL_H_
