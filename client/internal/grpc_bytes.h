// Converts between SharedBytes and gRPC's buffers, without copies where the buffer allows it, and from gRPC statuses
// with trailers.
#ifndef PLAYHEAD_CLIENT_INTERNAL_GRPC_BYTES_H_
#define PLAYHEAD_CLIENT_INTERNAL_GRPC_BYTES_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "client/shared_bytes.h"

namespace playhead::internal {

// The buffer holds the bytes' owner for as long as gRPC needs them.
grpc::ByteBuffer ToByteBuffer(SharedBytes bytes);

// The bytes in one piece. Copied once if the buffer has several pieces.
SharedBytes FromByteBuffer(const grpc::ByteBuffer& buffer);

// The call's result: the broker's error if the trailers name one, otherwise the transport's. REQUIRES: the call has
// ended.
absl::Status FromGrpcStatus(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_GRPC_BYTES_H_
