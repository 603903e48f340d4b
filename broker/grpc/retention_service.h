// The native service playhead.v1.Retention.
#ifndef PLAYHEAD_BROKER_GRPC_RETENTION_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_RETENTION_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/retention/keeper.h"
#include "broker/retention/policy_store.h"

namespace playhead::broker {

// Everything that `core` refers to and the other arguments must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeRetentionService(const Core& core, retention::PolicyStore& policies,
                                                    retention::Keeper& keeper);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_RETENTION_SERVICE_H_
