// The unary methods of playhead.v1.Consumers.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_
#define PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"

namespace playhead::broker {

// One call as gRPC hands it out: what it refers to lives until the call is finished.
struct ConsumerCallArguments {
  const Core& core;
  ConsumerRegistry& consumers;
  grpc::CallbackServerContext& context;
  const grpc::ByteBuffer& request;
  grpc::ByteBuffer& response;
};

// Each takes up a call, and answers it when it is done. Who may do what is the registry's to judge.
grpc::ServerUnaryReactor* StartCreateConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartGetConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartListConsumers(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartDeleteConsumer(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartResetConsumer(const ConsumerCallArguments& arguments);
// Parked events are read one after the other, and no more of them than fit a message of 4 MB.
grpc::ServerUnaryReactor* StartListParked(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartRequeueParked(const ConsumerCallArguments& arguments);
grpc::ServerUnaryReactor* StartDropParked(const ConsumerCallArguments& arguments);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUMER_CALLS_H_
