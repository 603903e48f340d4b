// A run of stored events that is decoded one event at a time, so a protocol that renders events holds only one in its
// own form at a time.
#ifndef PLAYHEAD_BROKER_READ_EVENT_RUN_H_
#define PLAYHEAD_BROKER_READ_EVENT_RUN_H_

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/event_wire.h"
#include "storage/block.h"

namespace playhead::broker {

// Not thread-safe.
class EventRun {
 public:
  EventRun() = default;
  explicit EventRun(std::vector<storage::BlockSlice> slices) : slices_(std::move(slices)) {}

  // nullopt when all were taken; the slices are then released. The views are valid until the next call.
  std::optional<EventView> Next();

 private:
  std::vector<storage::BlockSlice> slices_;
  size_t next_slice_ = 0;
  absl::string_view rest_;  // Of the slice before `next_slice_`.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_EVENT_RUN_H_
