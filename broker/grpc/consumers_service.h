// The native service playhead.v1.Consumers.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"

namespace playhead::broker {

// What `core` refers to, and `consumers`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeConsumersService(const Core& core, ConsumerRegistry& consumers);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_
