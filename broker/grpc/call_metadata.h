// The metadata of a gRPC call.
#ifndef PLAYHEAD_BROKER_GRPC_CALL_METADATA_H_
#define PLAYHEAD_BROKER_GRPC_CALL_METADATA_H_

#include <grpcpp/server_context.h>

#include "absl/strings/string_view.h"

namespace playhead::broker {

// The value of the entry `key` (lower case), the first if there are several; empty if there is none. Valid as long as
// the call.
absl::string_view MetadataValue(const grpc::CallbackServerContext& context, absl::string_view key);

// The secret of `authorization: Bearer <secret>`; empty if there is no such entry. For another scheme, the whole value,
// which is not a valid secret.
absl::string_view BearerSecret(const grpc::CallbackServerContext& context);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CALL_METADATA_H_
