// The native service playhead.v1.Consumers.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"

namespace playhead::broker {

// Everything that `core` refers to and the other arguments must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeConsumersService(const Core& core, ConsumerRegistry& consumers,
                                                    StalledCalls& stalled_calls);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUMERS_SERVICE_H_
