// EventLog.GetInstance, ListInstances and DeleteInstance.
#ifndef PLAYHEAD_BROKER_GRPC_INSTANCE_CALLS_H_
#define PLAYHEAD_BROKER_GRPC_INSTANCE_CALLS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/core.h"
#include "broker/instance_deletion.h"

namespace playhead::broker {

// Each starts a call.
grpc::ServerUnaryReactor* StartGetInstanceCall(const Core& core, grpc::CallbackServerContext& context,
                                               const grpc::ByteBuffer& request, grpc::ByteBuffer& response);
grpc::ServerUnaryReactor* StartListInstancesCall(const Core& core, grpc::CallbackServerContext& context,
                                                 const grpc::ByteBuffer& request, grpc::ByteBuffer& response);
grpc::ServerUnaryReactor* StartDeleteInstanceCall(const Core& core, InstanceDeletion& deletion,
                                                  grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                                  grpc::ByteBuffer& response);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_INSTANCE_CALLS_H_
