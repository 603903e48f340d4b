// Between gRPC's byte buffers, protobuf messages and the stored bytes of events.
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

// A request's bytes in one piece: those that gRPC received, without a copy, if they came in one.
class RequestBytes {
 public:
  // InvalidArgument (MALFORMED_REQUEST) if gRPC cannot give them out.
  static absl::StatusOr<std::shared_ptr<const RequestBytes>> From(const grpc::ByteBuffer& buffer);

  absl::string_view view() const {
    return absl::string_view(reinterpret_cast<const char*>(slice_.begin()), slice_.size());
  }

 private:
  grpc::Slice slice_;
};

// InvalidArgument (MALFORMED_REQUEST) if the bytes are no such message.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message);

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message);

// The very bytes of the slice, whose block it keeps alive.
grpc::Slice ReferringSlice(const storage::BlockSlice& slice);

// A response that starts with `events`, the very bytes of the slices, which the buffer keeps alive, and goes on with
// the encoded fields `rest`. Field 1 of every response that carries events is `repeated Event events`.
grpc::ByteBuffer EventsBuffer(absl::Span<const storage::BlockSlice> events, const std::string& rest = {});

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_MESSAGE_BUFFER_H_
