#include "broker/grpc/message_buffer.h"

#include <grpcpp/support/slice.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Block;
using storage::BlockSlice;

namespace {

// Copying fewer bytes than this is cheaper than a reference.
constexpr size_t kReferencedBytesMin = 512;

grpc::Slice ToSlice(const BlockSlice& slice) {
  if (slice.bytes.size() < kReferencedBytesMin) return grpc::Slice(slice.bytes.data(), slice.bytes.size());
  return ReferringSlice(slice);
}

}  // namespace

grpc::Slice ReferringSlice(const BlockSlice& slice) {
  // gRPC only reads the bytes of a slice, although the constructor takes them as writable.
  return grpc::Slice(
      const_cast<char*>(slice.bytes.data()), slice.bytes.size(),
      [](void* block) { delete static_cast<std::shared_ptr<const Block>*>(block); },
      new std::shared_ptr<const Block>(slice.block));
}

absl::StatusOr<std::shared_ptr<const RequestBytes>> RequestBytes::From(const grpc::ByteBuffer& buffer) {
  auto bytes = std::make_shared<RequestBytes>();
  if (!buffer.TrySingleSlice(&bytes->slice_).ok() && !buffer.DumpToSingleSlice(&bytes->slice_).ok()) {
    return MakeError(Reason::kMalformedRequest, "the request's bytes cannot be read");
  }
  return bytes;
}

absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message) {
  const auto bytes = RequestBytes::From(buffer);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view view = (*bytes)->view();
  if (message.ParseFromArray(view.data(), static_cast<int>(view.size()))) return absl::OkStatus();
  return MakeError(Reason::kMalformedRequest,
                   absl::StrCat("the request's ", view.size(), " bytes are not a ", message.GetTypeName()));
}

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer EventsBuffer(absl::Span<const BlockSlice> events, const std::string& rest) {
  std::vector<grpc::Slice> slices;
  slices.reserve(events.size() + 1);
  for (const BlockSlice& slice : events) slices.push_back(ToSlice(slice));
  if (!rest.empty()) slices.emplace_back(rest);
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace playhead::broker
