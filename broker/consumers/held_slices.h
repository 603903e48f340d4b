// Operations on stored events in slices of blocks: taking them off the front, finding their cursors, picking some of
// them.
#ifndef PLAYHEAD_BROKER_CONSUMERS_HELD_SLICES_H_
#define PLAYHEAD_BROKER_CONSUMERS_HELD_SLICES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/consumers/consumer_state.h"
#include "storage/block.h"
#include "storage/cursor.h"

namespace playhead::broker {

// The cursor of a stored event, without its tag and length; Cursor() if it is too short to be one.
storage::Cursor CursorOf(absl::string_view event);

// Events in cursor order.
struct SliceRuns {
  std::vector<storage::BlockSlice> slices;
  std::vector<Run> runs;
  size_t bytes = 0;
  uint32_t event_count = 0;
};

// The size of the first event; 0 if there is none.
size_t FrontBytes(const std::deque<storage::BlockSlice>& slices);

// Takes events off the front of `slices`: up to `events_max`, and no more than `bytes_max` bytes but at least one.
// REQUIRES: events_max is not 0.
SliceRuns TakeFront(std::deque<storage::BlockSlice>& slices, uint32_t events_max, size_t bytes_max);

// The cursors of all events.
std::vector<Run> RunsOf(absl::Span<const storage::BlockSlice> slices);

// The events whose cursors are in `runs`, which are in order.
SliceRuns Pick(absl::Span<const storage::BlockSlice> slices, absl::Span<const Run> runs);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_HELD_SLICES_H_
