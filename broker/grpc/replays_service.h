// The native service playhead.v1.Replays.
#ifndef PLAYHEAD_BROKER_GRPC_REPLAYS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_REPLAYS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/replay/registry.h"

namespace playhead::broker {

// Everything that `core` refers to, and `replays`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeReplaysService(const Core& core, replay::Registry& replays);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_REPLAYS_SERVICE_H_
