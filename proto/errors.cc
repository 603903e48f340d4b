#include "proto/errors.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"

namespace playhead {
namespace {

constexpr absl::string_view kPayloadUrl = "type.googleapis.com/playhead.v1.Error";

// In the order of the enumeration.
constexpr auto kReasons = std::to_array<ReasonInfo>({
    {Reason::kAppendQueueFull, "APPEND_QUEUE_FULL", absl::StatusCode::kResourceExhausted, true},
    {Reason::kAppendUncertain, "APPEND_UNCERTAIN", absl::StatusCode::kUnknown, true},
    {Reason::kBackupDirRefused, "BACKUP_DIR_REFUSED", absl::StatusCode::kPermissionDenied, false},
    {Reason::kBackupNotFound, "BACKUP_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kBatchEmpty, "BATCH_EMPTY", absl::StatusCode::kInvalidArgument, false},
    {Reason::kBatchTooLarge, "BATCH_TOO_LARGE", absl::StatusCode::kInvalidArgument, false},
    {Reason::kBodyTooLarge, "BODY_TOO_LARGE", absl::StatusCode::kInvalidArgument, false},
    {Reason::kBrokerFieldSet, "BROKER_FIELD_SET", absl::StatusCode::kInvalidArgument, false},
    {Reason::kConnectionsLimit, "CONNECTIONS_LIMIT", absl::StatusCode::kResourceExhausted, true},
    {Reason::kConsumerBusy, "CONSUMER_BUSY", absl::StatusCode::kFailedPrecondition, true},
    {Reason::kConsumerExists, "CONSUMER_EXISTS", absl::StatusCode::kAlreadyExists, false},
    {Reason::kConsumerFull, "CONSUMER_FULL", absl::StatusCode::kResourceExhausted, true},
    {Reason::kConsumerInvalid, "CONSUMER_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kConsumerNotFound, "CONSUMER_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kConsumerReset, "CONSUMER_RESET", absl::StatusCode::kAborted, true},
    {Reason::kConsumerTakenOver, "CONSUMER_TAKEN_OVER", absl::StatusCode::kAborted, false},
    {Reason::kConsumersLimit, "CONSUMERS_LIMIT", absl::StatusCode::kResourceExhausted, false},
    {Reason::kCursorDiverged, "CURSOR_DIVERGED", absl::StatusCode::kOutOfRange, false},
    {Reason::kCursorMismatch, "CURSOR_MISMATCH", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kCursorTrimmed, "CURSOR_TRIMMED", absl::StatusCode::kOutOfRange, false},
    {Reason::kDataLoss, "DATA_LOSS", absl::StatusCode::kDataLoss, false},
    {Reason::kDiskLow, "DISK_LOW", absl::StatusCode::kResourceExhausted, true},
    {Reason::kErasureBegun, "ERASURE_BEGUN", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kErasureInvalid, "ERASURE_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kErasureNotFound, "ERASURE_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kErasuresLimit, "ERASURES_LIMIT", absl::StatusCode::kResourceExhausted, true},
    {Reason::kEventInvalid, "EVENT_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kEventTooLarge, "EVENT_TOO_LARGE", absl::StatusCode::kInvalidArgument, false},
    {Reason::kFilterInvalid, "FILTER_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kIdConflict, "ID_CONFLICT", absl::StatusCode::kAlreadyExists, false},
    {Reason::kInstanceDeleted, "INSTANCE_DELETED", absl::StatusCode::kNotFound, false},
    {Reason::kInstanceNameInvalid, "INSTANCE_NAME_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kInstanceNotFound, "INSTANCE_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kInstancesLimit, "INSTANCES_LIMIT", absl::StatusCode::kResourceExhausted, false},
    {Reason::kInternal, "INTERNAL", absl::StatusCode::kInternal, false},
    {Reason::kJobRunning, "JOB_RUNNING", absl::StatusCode::kResourceExhausted, true},
    {Reason::kKeyExpired, "KEY_EXPIRED", absl::StatusCode::kUnauthenticated, false},
    {Reason::kKeyInvalid, "KEY_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kKeyNotFound, "KEY_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kKeyRevoked, "KEY_REVOKED", absl::StatusCode::kUnauthenticated, false},
    {Reason::kKeysLimit, "KEYS_LIMIT", absl::StatusCode::kResourceExhausted, false},
    {Reason::kLimitInvalid, "LIMIT_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kMalformedRequest, "MALFORMED_REQUEST", absl::StatusCode::kInvalidArgument, false},
    {Reason::kMediaNotFound, "MEDIA_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kMethodNotAllowed, "METHOD_NOT_ALLOWED", absl::StatusCode::kUnimplemented, false},
    {Reason::kNotHeld, "NOT_HELD", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kNotRendered, "NOT_RENDERED", absl::StatusCode::kUnimplemented, false},
    {Reason::kNotServed, "NOT_SERVED", absl::StatusCode::kUnimplemented, false},
    {Reason::kOriginRefused, "ORIGIN_REFUSED", absl::StatusCode::kPermissionDenied, false},
    {Reason::kPageTokenInvalid, "PAGE_TOKEN_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kParkedInvalid, "PARKED_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kPartialDuplicate, "PARTIAL_DUPLICATE", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kPermissionDenied, "PERMISSION_DENIED", absl::StatusCode::kPermissionDenied, false},
    {Reason::kPositionInvalid, "POSITION_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kPreviousFailed, "PREVIOUS_FAILED", absl::StatusCode::kAborted, true},
    {Reason::kProducerInvalid, "PRODUCER_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kQuotaExceeded, "QUOTA_EXCEEDED", absl::StatusCode::kResourceExhausted, true},
    {Reason::kReplayEnded, "REPLAY_ENDED", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kReplayEndpointRefused, "REPLAY_ENDPOINT_REFUSED", absl::StatusCode::kPermissionDenied, false},
    {Reason::kReplayInvalid, "REPLAY_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kReplayNotFound, "REPLAY_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kReplayPlanChanged, "REPLAY_PLAN_CHANGED", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kReplaysLimit, "REPLAYS_LIMIT", absl::StatusCode::kResourceExhausted, true},
    {Reason::kRequestTimeout, "REQUEST_TIMEOUT", absl::StatusCode::kDeadlineExceeded, true},
    {Reason::kResetUnconfirmed, "RESET_UNCONFIRMED", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kRouteNotFound, "ROUTE_NOT_FOUND", absl::StatusCode::kNotFound, false},
    {Reason::kSequenceGap, "SEQUENCE_GAP", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kSettlementInvalid, "SETTLEMENT_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kShuttingDown, "SHUTTING_DOWN", absl::StatusCode::kUnavailable, true},
    {Reason::kSignatureInvalid, "SIGNATURE_INVALID", absl::StatusCode::kUnauthenticated, false},
    {Reason::kSourcesInvalid, "SOURCES_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kStartRequired, "START_REQUIRED", absl::StatusCode::kInvalidArgument, false},
    {Reason::kStoreUnavailable, "STORE_UNAVAILABLE", absl::StatusCode::kUnavailable, true},
    {Reason::kStreamsLimit, "STREAMS_LIMIT", absl::StatusCode::kResourceExhausted, true},
    {Reason::kUnauthenticated, "UNAUTHENTICATED", absl::StatusCode::kUnauthenticated, false},
    {Reason::kVerifyTokenMismatch, "VERIFY_TOKEN_MISMATCH", absl::StatusCode::kPermissionDenied, false},
    {Reason::kWebhookBodyInvalid, "WEBHOOK_BODY_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kWebhookSecretInvalid, "WEBHOOK_SECRET_INVALID", absl::StatusCode::kInvalidArgument, false},
    {Reason::kWebhookSecretMissing, "WEBHOOK_SECRET_MISSING", absl::StatusCode::kFailedPrecondition, false},
    {Reason::kWebhookSecretsSealed, "WEBHOOK_SECRETS_SEALED", absl::StatusCode::kFailedPrecondition, false},
});

// Messages quote what clients sent and what is on disk, which may be any bytes; Protocol Buffers and JSON need UTF-8.
std::string AsUtf8(absl::string_view message) {
  return simdjson::validate_utf8(message.data(), message.size()) ? std::string(message) : absl::CHexEscape(message);
}

}  // namespace

const ReasonInfo& GetReasonInfo(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }

const ReasonInfo* FindReason(absl::string_view code) {
  const auto found =
      std::find_if(kReasons.begin(), kReasons.end(), [code](const ReasonInfo& info) { return info.code == code; });
  return found == kReasons.end() ? nullptr : &*found;
}

absl::Status MakeError(Reason reason, absl::string_view message, const ErrorCursors& cursors) {
  const ReasonInfo& info = GetReasonInfo(reason);
  v1::Error error;
  error.set_status(static_cast<int32_t>(info.status));
  error.set_code(info.code.data(), info.code.size());
  error.set_message(AsUtf8(message));
  error.set_retryable(info.retryable);
  if (cursors.first) error.set_first_cursor(*cursors.first);
  if (cursors.head) error.set_head_cursor(*cursors.head);
  if (cursors.last_good) error.set_last_good_cursor(*cursors.last_good);
  if (cursors.next_sequence) error.set_next_sequence(*cursors.next_sequence);
  return FromProto(error);
}

absl::Status WithRetryAfter(const absl::Status& error, absl::Duration delay) {
  v1::Error out = ToProto(error);
  out.set_retry_after_ms(static_cast<uint64_t>(absl::ToInt64Milliseconds(absl::Ceil(delay, absl::Milliseconds(1)))));
  return FromProto(out);
}

absl::Status MakeQuotaError(absl::string_view limit, absl::string_view message, absl::Duration retry_after) {
  v1::Error error = ToProto(WithRetryAfter(MakeError(Reason::kQuotaExceeded, message), retry_after));
  error.set_limit(limit.data(), limit.size());
  return FromProto(error);
}

std::optional<absl::Duration> RetryAfter(const absl::Status& error) {
  if (error.ok()) return std::nullopt;
  const v1::Error proto = ToProto(error);
  if (!proto.has_retry_after_ms()) return std::nullopt;
  return absl::Milliseconds(std::min<uint64_t>(proto.retry_after_ms(), std::numeric_limits<int64_t>::max()));
}

v1::Error ToProto(const absl::Status& status) {
  v1::Error error;
  if (const auto payload = status.GetPayload(kPayloadUrl)) {
    error.ParseFromString(std::string(*payload));
    return error;
  }
  error.set_status(static_cast<int32_t>(status.code()));
  error.set_code(absl::StatusCodeToString(status.code()));
  error.set_message(AsUtf8(status.message()));
  error.set_retryable(status.code() == absl::StatusCode::kUnavailable);
  return error;
}

absl::Status FromProto(const v1::Error& error) {
  // An error must not become OK, whatever its sender claims.
  const auto code = error.status() == 0 ? absl::StatusCode::kUnknown : static_cast<absl::StatusCode>(error.status());
  absl::Status status(code, error.message());
  status.SetPayload(kPayloadUrl, absl::Cord(error.SerializeAsString()));
  return status;
}

bool HasReason(const absl::Status& status, Reason reason) {
  return !status.ok() && ToProto(status).code() == GetReasonInfo(reason).code;
}

bool IsRetryable(const absl::Status& status) { return !status.ok() && ToProto(status).retryable(); }

}  // namespace playhead
