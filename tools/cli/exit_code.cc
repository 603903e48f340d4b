#include "tools/cli/exit_code.h"

#include <cstdio>
#include <string>

#include "absl/strings/cord.h"
#include "proto/errors.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::string_view kReasonPayload = "playhead.dev/cli-reason";

absl::Status WithReason(absl::StatusCode code, absl::string_view message, absl::string_view reason) {
  absl::Status status(code, message);
  status.SetPayload(kReasonPayload, absl::Cord(reason));
  return status;
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  return WithReason(absl::StatusCode::kInvalidArgument, message, "USAGE");
}

absl::Status FailedError(absl::string_view message) {
  return WithReason(absl::StatusCode::kUnknown, message, "FAILED");
}

absl::Status InterruptedError(absl::string_view message) {
  return WithReason(absl::StatusCode::kCancelled, message, "INTERRUPTED");
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (HasReason(status, Reason::kCursorTrimmed) || HasReason(status, Reason::kCursorDiverged)) return ExitCode::kCursor;
  if (IsRetryable(status)) return ExitCode::kUnavailable;
  const bool has_reason = FindReason(ToProto(status).code()) != nullptr;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kInvalidArgument:
      return ExitCode::kUsage;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnavailable;
    case absl::StatusCode::kResourceExhausted:
      // The broker's limits on counts are not retryable.
      return has_reason ? ExitCode::kFailed : ExitCode::kUnavailable;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      // From anything but the broker (a folder in use) this is a plain failure.
      return has_reason ? ExitCode::kConflict : ExitCode::kFailed;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kDataLoss;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kDenied;
    case absl::StatusCode::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kFailed;
  }
}

ExitCode PrintError(const absl::Status& status) {
  if (status.ok()) return ExitCode::kOk;
  const auto reason = status.GetPayload(kReasonPayload);
  const std::string code = reason.has_value() ? std::string(*reason) : ToProto(status).code();
  std::fprintf(stderr, "playhead: %s: %s\n", code.c_str(), Printable(status.message()).c_str());
  return ExitCodeOf(status);
}

}  // namespace playhead::tools
