#include "client/internal/grpc_bytes.h"

#include <grpcpp/support/slice.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "proto/errors.h"

namespace playhead::internal {
namespace {

using Trailers = std::multimap<grpc::string_ref, grpc::string_ref>;

std::optional<absl::string_view> Find(const Trailers& trailers, const char* name) {
  const auto found = trailers.find(name);
  if (found == trailers.end()) return std::nullopt;
  return absl::string_view(found->second.data(), found->second.size());
}

std::optional<uint64_t> FindNumber(const Trailers& trailers, const char* name) {
  uint64_t value;
  const auto text = Find(trailers, name);
  if (!text || !absl::SimpleAtoi(*text, &value)) return std::nullopt;
  return value;
}

}  // namespace

grpc::ByteBuffer ToByteBuffer(SharedBytes bytes) {
  auto held = std::make_unique<SharedBytes>(std::move(bytes));
  // gRPC only reads what a slice points to, whatever its signature says.
  void* const data = const_cast<char*>(held->view.data());
  const size_t size = held->view.size();
  const grpc::Slice slice(
      data, size, [](void* owner) { delete static_cast<SharedBytes*>(owner); }, held.release());
  return grpc::ByteBuffer(&slice, 1);
}

SharedBytes FromByteBuffer(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  // Dumping fails only for a buffer that was never filled, which reads as empty.
  if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok()) return {};
  // A short slice holds its bytes inside itself: the view must be taken where the slice stays.
  const auto owned = std::make_shared<const grpc::Slice>(std::move(slice));
  return {owned, absl::string_view(reinterpret_cast<const char*>(owned->begin()), owned->size())};
}

absl::Status FromGrpcStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  const Trailers& trailers = context.GetServerTrailingMetadata();
  const auto code = Find(trailers, "error-code");
  if (!code) return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::Error error;
  error.set_status(status.error_code());
  error.set_code(code->data(), code->size());
  error.set_message(status.error_message());
  error.set_retryable(Find(trailers, "x-retryable") == absl::string_view("true"));
  if (const auto cursor = FindNumber(trailers, "first-cursor")) error.set_first_cursor(*cursor);
  if (const auto cursor = FindNumber(trailers, "head-cursor")) error.set_head_cursor(*cursor);
  if (const auto cursor = FindNumber(trailers, "last-good-cursor")) error.set_last_good_cursor(*cursor);
  if (const auto sequence = FindNumber(trailers, "next-sequence")) error.set_next_sequence(*sequence);
  if (const auto delay = FindNumber(trailers, "retry-after-ms")) error.set_retry_after_ms(*delay);
  if (const auto limit = Find(trailers, "limit")) error.set_limit(std::string(*limit));
  return FromProto(error);
}

}  // namespace playhead::internal
