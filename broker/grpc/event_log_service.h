// The service playhead.v1.EventLog: each method is taken up by a file of its own.
#ifndef PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/instance_deletion.h"

namespace playhead::broker {

// All methods take and give raw bytes: event bytes are never parsed, and a request that is no message is refused in the
// contract's own words. Must outlive the gRPC server; what it is given must outlive its calls.
std::unique_ptr<grpc::Service> MakeEventLogService(const Core& core, InstanceDeletion& deletion);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_
