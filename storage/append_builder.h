// Appends that the broker itself builds from values, such as webhooks and its own records.
#ifndef PLAYHEAD_STORAGE_APPEND_BUILDER_H_
#define PLAYHEAD_STORAGE_APPEND_BUILDER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/event_wire.h"
#include "storage/append_validator.h"
#include "storage/event_log.h"

namespace playhead::storage {

// Encodes `events` into a batch that owns its bytes, under the same checks as a publisher's request. The rest of the
// batch (expected_cursor, producer, ...) may be set on what it returns.
//   InvalidArgument  BATCH_TOO_LARGE, EVENT_INVALID, EVENT_TOO_LARGE. As in storage/append_validator.h, some checks are
//                    left to AppendSession::Append.
absl::StatusOr<AppendBatch> BuildAppendBatch(absl::string_view instance, absl::Span<const NewEvent> events,
                                             const AppendLimits& limits);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_APPEND_BUILDER_H_
