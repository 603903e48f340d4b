// Between SharedBytes and gRPC's buffers, without copies where the buffer allows it; and statuses with their trailers.
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

// The bytes in one piece: copied once if the buffer is in several.
SharedBytes FromByteBuffer(const grpc::ByteBuffer& buffer);

// What the call ended with: the broker's error if the trailers name one, else what the transport said. REQUIRES: the
// call is over.
absl::Status FromGrpcStatus(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_GRPC_BYTES_H_
