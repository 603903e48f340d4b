// The native service playhead.v1.Limits.
#ifndef PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/quota/limit_settings.h"

namespace playhead::broker {

// Everything that `core` refers to, and `settings`, must outlive the gRPC server with which the service is registered.
std::unique_ptr<grpc::Service> MakeLimitsService(const Core& core, LimitSettings& settings);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_LIMITS_SERVICE_H_
