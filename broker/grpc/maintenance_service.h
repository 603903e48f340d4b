// The native service playhead.v1.Maintenance.
#ifndef PLAYHEAD_BROKER_GRPC_MAINTENANCE_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_MAINTENANCE_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/backup_dirs.h"
#include "broker/core.h"

namespace playhead::broker {

// Everything that `core` refers to, and `dirs`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeMaintenanceService(const Core& core, const BackupDirs& dirs);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_MAINTENANCE_SERVICE_H_
