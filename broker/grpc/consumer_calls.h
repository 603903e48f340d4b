// The unary methods of playhead.v1.Consumers.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_
#define PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"

namespace playhead::broker {

// The arguments of a call from gRPC, all of which live until the call is finished.
struct ConsumerCallArguments {
  const Core& core;
  ConsumerRegistry& consumers;
  grpc::CallbackServerContext& context;
  const grpc::ByteBuffer& request;
  grpc::ByteBuffer& response;
};

// Each starts a call, which is answered when it is done. The registry checks permissions.
grpc::ServerUnaryReactor* StartCreateConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartGetConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartListConsumers(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartDeleteConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartResetConsumer(const ConsumerCallArguments& arguments);
// Parked events are read one after the other, up to what fits into a message of 4 MB.
grpc::ServerUnaryReactor* StartListParked(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartRequeueParked(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartDropParked(const ConsumerCallArguments& arguments);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_
