// Converts errors to gRPC statuses and trailers.
#ifndef PLAYHEAD_BROKER_GRPC_ERROR_STATUS_H_
#define PLAYHEAD_BROKER_GRPC_ERROR_STATUS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace playhead::broker {

// Returns the canonical status, and adds to the call's trailers `error-code`, `x-retryable`, the relevant cursors
// (`first-cursor`, `head-cursor`, `last-good-cursor`, `next-sequence`) and `retry-after-ms`, in decimal, and `limit` by
// its name. An Ok status adds no trailers. Call it at most once per call, before the call is finished.
grpc::Status ToGrpcStatus(const absl::Status& status, grpc::CallbackServerContext& context);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_ERROR_STATUS_H_
