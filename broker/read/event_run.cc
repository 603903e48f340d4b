#include "broker/read/event_run.h"

namespace playhead::broker {

std::optional<EventView> EventRun::Next() {
  for (;;) {
    const auto bytes = ConsumeEvent(rest_);
    if (bytes) {
      EventView event;
      // Stored events were validated when they were appended, and a checksum protects their block.
      if (event.Parse(*bytes)) return event;
      continue;
    }
    if (next_slice_ == slices_.size()) break;
    rest_ = slices_[next_slice_++].bytes;
  }
  slices_.clear();
  next_slice_ = 0;
  rest_ = {};
  return std::nullopt;
}

}  // namespace playhead::broker
