// The connection over gRPC.
#ifndef PLAYHEAD_CLIENT_GRPC_CONNECTION_H_
#define PLAYHEAD_CLIENT_GRPC_CONNECTION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/options.h"

namespace playhead {

// Connects when the first call needs it. Each attempt at a call is one attempt to connect: the channel does not retry
// on a schedule of its own. Streams that are open when the connection is destroyed go on; cancel them first.
//   InvalidArgument  as GrpcEndpoint::Create.
absl::StatusOr<std::shared_ptr<Connection>> NewGrpcConnection(const ClientOptions& options);

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_GRPC_CONNECTION_H_
