// The replies to appends, encoded without building messages: a batch has up to 10,000 cursors.
#ifndef PLAYHEAD_BROKER_GRPC_APPEND_RESPONSE_H_
#define PLAYHEAD_BROKER_GRPC_APPEND_RESPONSE_H_

#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "storage/event_log.h"
#include "storage/types.h"

namespace playhead::broker {

// A playhead.v1.AppendResponse.
grpc::ByteBuffer EncodeAppendResponse(const storage::AppendResult& result, storage::Durability durability);

// A playhead.v1.AppendStreamResponse.
grpc::ByteBuffer EncodeAppended(const storage::AppendResult& result, storage::Durability durability);
grpc::ByteBuffer EncodeRefused(const absl::Status& status);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_APPEND_RESPONSE_H_
