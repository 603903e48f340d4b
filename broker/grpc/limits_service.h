// The Limits service: what instances may take.
#ifndef PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/quota/limit_settings.h"

namespace playhead::broker {

// Borrows what `core` refers to and `settings`, which must outlive the gRPC server that the service is registered with.
std::unique_ptr<grpc::Service> MakeLimitsService(const Core& core, LimitSettings& settings);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_
