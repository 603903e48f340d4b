#include "broker/event_run.h"

namespace playhead::broker {

std::optional<EventView> EventRun::Next() {
  for (;;) {
    const auto bytes = ConsumeEvent(rest_);
    if (bytes) {
      EventView event;
      // What is stored was checked when it came, and is by its block's checksum since.
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
