// The one vocabulary of errors: a stable reason, the canonical status it comes with, and whether a retry can help.
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

// The row of a code as it came over the wire; nullptr for one that this version does not know.
const ReasonInfo* FindReason(absl::string_view code);

// The cursors that help with an error; see playhead.v1.Error.
struct ErrorCursors {
  std::optional<uint64_t> first;
  std::optional<uint64_t> head;
  std::optional<uint64_t> last_good;
  std::optional<uint64_t> next_sequence;
};

// A status of the reason's canonical code that carries `message` (what was wrong and what is allowed).
absl::Status MakeError(Reason reason, absl::string_view message, const ErrorCursors& cursors = {});

// `error` with when a retry may succeed: the trailer `retry-after-ms`. `delay` is rounded up to milliseconds.
absl::Status WithRetryAfter(const absl::Status& error, absl::Duration delay);

// QUOTA_EXCEEDED of the limit of this name (docs/errors.md), and when a retry may succeed: the trailers `limit` and
// `retry-after-ms`. `message`: what the limit is and what it says.
absl::Status MakeQuotaError(absl::string_view limit, absl::string_view message, absl::Duration retry_after);

// When a retry may succeed, if the error says so.
std::optional<absl::Duration> RetryAfter(const absl::Status& error);

// The error in full. A status that MakeError did not make (a bug, or gRPC's own) is INTERNAL or its canonical name.
v1::Error ToProto(const absl::Status& status);

// The inverse of ToProto: what a client makes of an error it received.
absl::Status FromProto(const v1::Error& error);

// Whether `status` was made for `reason`.
bool HasReason(const absl::Status& status, Reason reason);

// Whether the same call may succeed later.
bool IsRetryable(const absl::Status& status);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_ERRORS_H_
