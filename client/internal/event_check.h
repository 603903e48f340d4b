// Checks the contract's limits before an event joins a batch: an event that the broker would refuse must not fail the
// whole batch.
#ifndef PLAYHEAD_CLIENT_INTERNAL_EVENT_CHECK_H_
#define PLAYHEAD_CLIENT_INTERNAL_EVENT_CHECK_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"

namespace playhead::internal {

// The largest encoded event that any broker accepts; most are configured for less.
inline constexpr size_t kEventBytesCeiling = size_t{3} << 20;
// Limits of one append: events, and bytes of the encoded request.
inline constexpr size_t kBatchEventsMax = 10'000;
inline constexpr size_t kBatchBytesMax = (size_t{7} << 20) / 2;

// InvalidArgument (INSTANCE_NAME_INVALID) unless `name` is 1 to 200 bytes of [A-Za-z0-9._:@+-].
absl::Status CheckInstanceName(absl::string_view name);

// InvalidArgument (PRODUCER_INVALID) unless `id` is 1 to 64 bytes of [A-Za-z0-9._:@+-].
absl::Status CheckProducerId(absl::string_view id);

// InvalidArgument (EVENT_INVALID, EVENT_TOO_LARGE); the message says what is allowed.
absl::Status CheckNewEvent(const NewEvent& event);

// At least the encoded size of `event`, tag and length included.
size_t EncodedBytesBound(const NewEvent& event);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_EVENT_CHECK_H_
