// The native service playhead.v1.Erasures.
#ifndef PLAYHEAD_BROKER_GRPC_ERASURES_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_ERASURES_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"

namespace playhead::broker {

// Everything that `core` refers to must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeErasuresService(const Core& core);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_ERASURES_SERVICE_H_
