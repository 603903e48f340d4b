// The single vocabulary of errors: for each, a stable reason, its canonical status, and whether a retry can help.
//
// An error travels inside the process as an absl::Status whose payload is a playhead.v1.Error; the broker writes that
// to gRPC trailers and HTTP bodies, and the client reads it back. docs/errors.md explains each reason to users.
#ifndef PLAYHEAD_PROTO_ERRORS_H_
#define PLAYHEAD_PROTO_ERRORS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead {

enum class Reason {
  kAppendQueueFull,
  kAppendUncertain,
  kBackupDirRefused,
  kBackupNotFound,
  kBatchEmpty,
  kBatchTooLarge,
  kBodyTooLarge,
  kBrokerFieldSet,
  kConnectionsLimit,
  kConsumerBusy,
  kConsumerExists,
  kConsumerFull,
  kConsumerInvalid,
  kConsumerNotFound,
  kConsumerReset,
  kConsumerTakenOver,
  kConsumersLimit,
  kCursorDiverged,
  kCursorMismatch,
  kCursorTrimmed,
  kDataLoss,
  kDiskLow,
  kErasureBegun,
  kErasureInvalid,
  kErasureNotFound,
  kErasuresLimit,
  kEventInvalid,
  kEventTooLarge,
  kFilterInvalid,
  kIdConflict,
  kInstanceDeleted,
  kInstanceNameInvalid,
  kInstanceNotFound,
  kInstancesLimit,
  kInternal,
  kJobRunning,
  kKeyExpired,
  kKeyInvalid,
  kKeyNotFound,
  kKeyRevoked,
  kKeysLimit,
  kLimitInvalid,
  kMalformedRequest,
  kMediaNotFound,
  kMethodNotAllowed,
  kNotHeld,
  kNotRendered,
  kNotServed,
  kOriginRefused,
  kPageTokenInvalid,
  kParkedInvalid,
  kPartialDuplicate,
  kPermissionDenied,
  kPositionInvalid,
  kPreviousFailed,
  kProducerInvalid,
  kQuotaExceeded,
  kReplayEnded,
  kReplayEndpointRefused,
  kReplayInvalid,
  kReplayNotFound,
  kReplayPlanChanged,
  kReplaysLimit,
  kRequestTimeout,
  kResetUnconfirmed,
  kRouteNotFound,
  kSequenceGap,
  kSettlementInvalid,
  kShuttingDown,
  kSignatureInvalid,
  kSourcesInvalid,
  kStartRequired,
  kStoreUnavailable,
  kStreamsLimit,
  kUnauthenticated,
  kVerifyTokenMismatch,
  kWebhookBodyInvalid,
  kWebhookSecretInvalid,
  kWebhookSecretMissing,
  kWebhookSecretsSealed,
};

struct ReasonInfo {
  Reason reason;
  absl::string_view code;  // As in the `error-code` trailer.
  absl::StatusCode status;
  bool retryable;
};

// Every reason has exactly one row.
const ReasonInfo& GetReasonInfo(Reason reason);

// The row of a code received over the wire; nullptr for a code that this version does not know.
const ReasonInfo* FindReason(absl::string_view code);

// The cursors that help with an error; see playhead.v1.Error.
struct ErrorCursors {
  std::optional<uint64_t> first;
  std::optional<uint64_t> head;
  std::optional<uint64_t> last_good;
  std::optional<uint64_t> next_sequence;
};

// Returns a status with the reason's canonical code and `message` (what was wrong and what is allowed).
absl::Status MakeError(Reason reason, absl::string_view message, const ErrorCursors& cursors = {});

// Returns `error` with the delay after which a retry may succeed: the trailer `retry-after-ms`. `delay` is rounded up
// to milliseconds.
absl::Status WithRetryAfter(const absl::Status& error, absl::Duration delay);

// Returns QUOTA_EXCEEDED for the limit of this name (docs/errors.md), with the delay after which a retry may succeed:
// the trailers `limit` and `retry-after-ms`. `message` names the limit and its value.
absl::Status MakeQuotaError(absl::string_view limit, absl::string_view message, absl::Duration retry_after);

// The delay after which a retry may succeed, if the error carries one.
std::optional<absl::Duration> RetryAfter(const absl::Status& error);

// The complete error. The code of a status that MakeError did not create (a bug, or gRPC's own) is INTERNAL or its
// canonical name.
v1::Error ToProto(const absl::Status& status);

// The inverse of ToProto, for an error that a client received.
absl::Status FromProto(const v1::Error& error);

// Whether `status` was made for `reason`.
bool HasReason(const absl::Status& status, Reason reason);

// Whether the same call may succeed later.
bool IsRetryable(const absl::Status& status);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_ERRORS_H_
