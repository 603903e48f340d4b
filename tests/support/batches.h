// Appends for tests, and what was appended.
#ifndef PLAYHEAD_TESTS_SUPPORT_BATCHES_H_
#define PLAYHEAD_TESTS_SUPPORT_BATCHES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/event_wire.h"
#include "storage/event_log.h"

namespace playhead::testing {

// Hidden types are allowed, as to the broker itself. Aborts if the events are not sound.
storage::AppendBatch MakeBatch(absl::string_view instance, absl::Span<const NewEvent> events);

// Appends and waits. Aborts unless it succeeds. Returns the head behind it.
storage::Cursor AppendAndWait(storage::EventLog& log, absl::string_view instance, absl::Span<const NewEvent> events);

// `count` events of type `type` whose data says "0", "1", ... counted from `first`, padded to `data_bytes` with spaces.
storage::Cursor AppendNumbered(storage::EventLog& log, absl::string_view instance, uint64_t first, uint64_t count,
                               absl::string_view type = "number", size_t data_bytes = 0);

// The events in `slices`, as messages would hold them. The views point into the slices.
std::vector<EventView> EventsIn(absl::Span<const storage::BlockSlice> slices);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BATCHES_H_
