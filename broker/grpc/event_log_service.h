// The service playhead.v1.EventLog. Each method is implemented in a file of its own.
#ifndef PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/instance_deletion.h"

namespace playhead::broker {

// All methods take and return raw bytes: event bytes are never parsed, and a request that does not parse is refused
// with MALFORMED_REQUEST. Must outlive the gRPC server; its arguments must outlive its calls.
std::unique_ptr<grpc::Service> MakeEventLogService(const Core& core, InstanceDeletion& deletion,
                                                   StalledCalls& stalled_calls);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_EVENT_LOG_SERVICE_H_
