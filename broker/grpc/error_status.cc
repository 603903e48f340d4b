#include "broker/grpc/error_status.h"

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

grpc::Status ToGrpcStatus(const absl::Status& status, grpc::CallbackServerContext& context) {
  if (status.ok()) return grpc::Status::OK;
  const v1::Error error = ToProto(status);
  context.AddTrailingMetadata("error-code", error.code());
  context.AddTrailingMetadata("x-retryable", error.retryable() ? "true" : "false");
  const auto add = [&context](const char* name, bool present, uint64_t value) {
    if (present) context.AddTrailingMetadata(name, absl::StrCat(value));
  };
  add("first-cursor", error.has_first_cursor(), error.first_cursor());
  add("head-cursor", error.has_head_cursor(), error.head_cursor());
  add("last-good-cursor", error.has_last_good_cursor(), error.last_good_cursor());
  add("next-sequence", error.has_next_sequence(), error.next_sequence());
  add("retry-after-ms", error.has_retry_after_ms(), error.retry_after_ms());
  if (!error.limit().empty()) context.AddTrailingMetadata("limit", error.limit());
  return grpc::Status(static_cast<grpc::StatusCode>(error.status()), error.message());
}

}  // namespace playhead::broker
