// Checks an encoded playhead.v1.AppendRequest in one pass, without building messages.
//
// Event bytes are stored as they came, so they must be sound before they are: whatever is admitted here, the generated
// parser accepts too, and reads the same values from it. Stricter than that parser: unknown fields, a field twice,
// fields that the broker sets and everything beyond the limits of the contract are refused, with what was wrong and
// where.
#ifndef PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_
#define PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"

namespace playhead::storage {

// Types of the broker's own. Publishers may use one of them, kUpstreamGapType (proto/upstream_gap.h), whose data is
// checked.
inline constexpr absl::string_view kOwnTypesPrefix = "playhead.";

struct AppendLimits {
  size_t event_bytes_max = kEventBytesDefault;
  bool own_types = false;  // Whether types may begin with kOwnTypesPrefix: in what the broker itself appends.
};

// `request` is kept alive by `owner`, which the batch holds. The instance's name, the producer and that there are
// events at all are left to AppendSession::Append, which every protocol goes through.
//   InvalidArgument  MALFORMED_REQUEST, BATCH_TOO_LARGE, EVENT_INVALID, EVENT_TOO_LARGE, BROKER_FIELD_SET.
absl::StatusOr<AppendBatch> ParseAppendRequest(absl::string_view request, std::shared_ptr<const void> owner,
                                               const AppendLimits& limits);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_APPEND_VALIDATOR_H_
