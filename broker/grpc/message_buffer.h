// Conversions between gRPC's byte buffers, protobuf messages and the stored bytes of events.
#ifndef PLAYHEAD_BROKER_GRPC_MESSAGE_BUFFER_H_
#define PLAYHEAD_BROKER_GRPC_MESSAGE_BUFFER_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/block.h"

namespace playhead::broker {

// The contiguous bytes of a request; not copied if gRPC received them in one piece.
class RequestBytes {
 public:
  // InvalidArgument (MALFORMED_REQUEST) if gRPC cannot return the bytes.
  static absl::StatusOr<std::shared_ptr<const RequestBytes>> From(const grpc::ByteBuffer& buffer);

  absl::string_view view() const {
    return absl::string_view(reinterpret_cast<const char*>(slice_.begin()), slice_.size());
  }

 private:
  grpc::Slice slice_;
};

// InvalidArgument (MALFORMED_REQUEST) if the bytes are not such a message.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message);

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message);

// Refers to the bytes of the slice, without a copy, and keeps its block alive.
grpc::Slice ReferringSlice(const storage::BlockSlice& slice);

// A response that consists of `events`, followed by the encoded fields `rest`. The buffer refers to the bytes of large
// slices and keeps them alive. Field 1 of every response that carries events is `repeated Event events`.
grpc::ByteBuffer EventsBuffer(absl::Span<const storage::BlockSlice> events, const std::string& rest = {});

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_MESSAGE_BUFFER_H_
