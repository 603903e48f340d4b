#include "broker/grpc/append_response.h"

#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include <cstring>
#include <string>

#include "absl/strings/string_view.h"
#include "broker/grpc/message_buffer.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::broker {

using storage::AppendResult;
using storage::Cursor;

namespace {

// AppendResponse: cursors = 1 and duplicates = 2 are packed, head_cursor = 3, durability = 4.
constexpr char kCursorsTag = 1 << 3 | 2;
constexpr char kDuplicatesTag = 2 << 3 | 2;
constexpr char kHeadTag = 3 << 3 | 0;
constexpr char kDurabilityTag = 4 << 3 | 0;
// AppendStreamResponse: appended = 1.
constexpr char kAppendedTag = 1 << 3 | 2;

void AppendCursors(const AppendResult& result, std::string& out) {
  out.push_back(kCursorsTag);
  AppendVarint(uint64_t{result.event_count} * sizeof(uint64_t), out);
  size_t at = out.size();
  out.resize(at + result.event_count * sizeof(uint64_t));
  uint64_t next = result.first_new.value();
  for (uint32_t i = 0; i < result.event_count; ++i, at += sizeof(uint64_t)) {
    const uint64_t cursor = result.is_duplicate(i) ? result.duplicates_at[i].value() : next++;
    std::memcpy(out.data() + at, &cursor, sizeof(cursor));
  }
}

void AppendDuplicates(const AppendResult& result, std::string& out) {
  std::string packed;
  for (uint32_t i = 0; i < result.event_count; ++i) {
    if (result.is_duplicate(i)) AppendVarint(i, packed);
  }
  if (packed.empty()) return;
  out.push_back(kDuplicatesTag);
  AppendVarint(packed.size(), out);
  out.append(packed);
}

std::string Encode(const AppendResult& result, storage::Durability durability) {
  constexpr size_t kOtherBytes = 32;
  std::string out;
  out.reserve(kOtherBytes + result.event_count * sizeof(uint64_t));
  AppendCursors(result, out);
  if (!result.duplicates_at.empty()) AppendDuplicates(result, out);
  out.push_back(kHeadTag);
  AppendVarint(result.head.value(), out);
  out.push_back(kDurabilityTag);
  out.push_back(durability == storage::Durability::kDisk ? v1::DURABILITY_DISK : v1::DURABILITY_OS);
  return out;
}

grpc::ByteBuffer ToBuffer(absl::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace

grpc::ByteBuffer EncodeAppendResponse(const AppendResult& result, storage::Durability durability) {
  return ToBuffer(Encode(result, durability));
}

grpc::ByteBuffer EncodeAppended(const AppendResult& result, storage::Durability durability) {
  const std::string appended = Encode(result, durability);
  std::string out;
  out.reserve(appended.size() + 8);
  out.push_back(kAppendedTag);
  AppendVarint(appended.size(), out);
  out.append(appended);
  return ToBuffer(out);
}

grpc::ByteBuffer EncodeRefused(const absl::Status& status) {
  v1::AppendStreamResponse response;
  *response.mutable_error() = ToProto(status);
  return ToByteBuffer(response);
}

}  // namespace playhead::broker
