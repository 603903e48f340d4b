// Errors of the contract as gRPC calls carry them.
#ifndef PLAYHEAD_BROKER_ERROR_STATUS_H_
#define PLAYHEAD_BROKER_ERROR_STATUS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace playhead::broker {

// The canonical status, and in the call's trailers: `error-code`, `x-retryable`, and the cursors that help
// (`first-cursor`, `head-cursor`, `last-good-cursor`, `next-sequence`) and `retry-after-ms`, in decimal; `limit` by its
// name. Ok stays Ok and sets none. Call once for a call, before it is finished.
grpc::Status ToGrpcStatus(const absl::Status& status, grpc::CallbackServerContext& context);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_ERROR_STATUS_H_
