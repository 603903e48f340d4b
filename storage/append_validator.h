// Checks an encoded playhead.v1.AppendRequest in one pass, without building messages.
//
// Event bytes are stored as they arrive, so they must be valid: everything admitted here is also accepted by the
// generated parser, which reads the same values from it. The check is stricter than that parser: unknown fields,
// repeated fields, fields that the broker sets, and everything beyond the limits of the contract are refused; the error
// says what was wrong and where.
#ifndef PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_
#define PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"

namespace playhead::storage {

// The prefix of the broker's own types. Publishers may use only one of these types, kUpstreamGapType
// (proto/upstream_gap.h), whose data is checked.
inline constexpr absl::string_view kOwnTypesPrefix = "playhead.";

struct AppendLimits {
  size_t event_bytes_max = kEventBytesDefault;
  bool own_types = false;  // Whether types may begin with kOwnTypesPrefix: only for the broker's own appends.
};

// `request` is kept alive by `owner`, which the batch holds. The instance's name, the producer, and whether there are
// any events are checked by AppendSession::Append, which every protocol goes through.
//   InvalidArgument  MALFORMED_REQUEST, BATCH_TOO_LARGE, EVENT_INVALID, EVENT_TOO_LARGE, BROKER_FIELD_SET.
absl::StatusOr<AppendBatch> ParseAppendRequest(absl::string_view request, std::shared_ptr<const void> owner,
                                               const AppendLimits& limits);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_
