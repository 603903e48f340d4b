#include "broker/dialects/photon/error_trailers.h"

#include <string>

#include "proto/errors.h"

namespace playhead::broker::photon {

absl::string_view ClientErrorCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnauthenticated:
      return "unauthenticated";
    case absl::StatusCode::kPermissionDenied:
      return "unauthorized";
    case absl::StatusCode::kResourceExhausted:
      return "rateLimitExceeded";
    case absl::StatusCode::kNotFound:
      return "notFound";
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "invalidArgument";
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return "preconditionFailed";
    case absl::StatusCode::kUnavailable:
      return "serviceUnavailable";
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return "timeout";
    default:
      return "internalError";
  }
}

grpc::Status ToClientStatus(const absl::Status& status, grpc::CallbackServerContext& context) {
  if (status.ok()) return grpc::Status::OK;
  const v1::Error error = ToProto(status);
  const auto code = static_cast<absl::StatusCode>(error.status());
  context.AddTrailingMetadata("error-code", std::string(ClientErrorCode(code)));
  if (error.retryable()) context.AddTrailingMetadata("x-retryable", "true");
  context.AddTrailingMetadata("playhead-error-code", error.code());
  return grpc::Status(static_cast<grpc::StatusCode>(error.status()), error.message());
}

}  // namespace playhead::broker::photon
