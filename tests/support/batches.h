// Appends for tests, and reading back what was appended.
#ifndef PLAYHEAD_TESTS_SUPPORT_BATCHES_H_
#define PLAYHEAD_TESTS_SUPPORT_BATCHES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "proto/event_wire.h"
#include "storage/event_log.h"

namespace playhead::testing {

// Hidden types are allowed, as for the broker itself. Aborts if an event is invalid.
storage::AppendBatch MakeBatch(absl::string_view instance, absl::Span<const NewEvent> events);

// Appends, waits, and returns the new head. Aborts unless the append succeeds.
storage::Cursor AppendAndWait(storage::EventLog& log, absl::string_view instance, absl::Span<const NewEvent> events);

// Appends `count` events of type `type`, as AppendAndWait. Their data is the numbers from `first` on as text, padded
// with spaces to `data_bytes`.
storage::Cursor AppendNumbered(storage::EventLog& log, absl::string_view instance, uint64_t first, uint64_t count,
                               absl::string_view type = "number", size_t data_bytes = 0);

// The events in `slices`. The views point into the slices.
std::vector<EventView> EventsIn(absl::Span<const storage::BlockSlice> slices);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BATCHES_H_
