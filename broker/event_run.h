// A run of stored events, taken apart one at a time: so a protocol that renders them holds one in its own form at a
// time.
#ifndef PLAYHEAD_BROKER_EVENT_RUN_H_
#define PLAYHEAD_BROKER_EVENT_RUN_H_

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

  // nullopt when all were taken: then the slices are let go. The views are valid until the next call.
  std::optional<EventView> Next();

 private:
  std::vector<storage::BlockSlice> slices_;
  size_t next_slice_ = 0;
  absl::string_view rest_;  // Of the slice before `next_slice_`.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_EVENT_RUN_H_
