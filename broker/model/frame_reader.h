// FrameReader: turns a run of stored events into the frames that a dialect's client is shown, one frame at a time.
#ifndef PLAYHEAD_BROKER_MODEL_FRAME_READER_H_
#define PLAYHEAD_BROKER_MODEL_FRAME_READER_H_

#include <prometheus/counter.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/model/rendering.h"
#include "broker/read/event_run.h"
#include "proto/event_wire.h"
#include "storage/block.h"

namespace playhead::broker::model {

// The functions of a dialect that reading needs. All of it has static lifetime.
struct RenderingDialect {
  absl::string_view name;  // For the log.
  absl::StatusOr<std::vector<Rendering>> (*render)(const EventView& event);
  // Whether the event, judged by its dialect and type alone, could have a frame with a name that `filter` matches.
  // Other events are not parsed. May return true for an event that has none.
  bool (*may_show)(const EventView& event, const NameFilter& filter);
};

// A rendering and its position: a client that holds this position has seen everything up to this frame.
struct Frame {
  Rendering rendering;
  Position position;
  int64_t created_at = 0;   // Microseconds, from the publisher; 0 if it gave none.
  int64_t appended_at = 0;  // Microseconds, from the broker.

  // The best known time of the event.
  int64_t time() const { return created_at > 0 ? created_at : appended_at; }
};

// Renders one event at a time, so only that event's frames are in memory. Damaged events are skipped; the first one
// that a reader meets is logged. Not thread-safe.
class FrameReader {
 public:
  struct Counters {
    prometheus::Counter& not_rendered;    // Damaged events.
    prometheus::Counter& neutral_values;  // Frames with a neutral value.
  };

  // Starts with the first frame after `seen`, a position of `instance`. `counters` must outlive it.
  FrameReader(const RenderingDialect& dialect, std::string instance, const Position& seen, NameFilter filter,
              Counters counters)
      : dialect_(dialect),
        instance_(std::move(instance)),
        seen_(seen),
        filter_(std::move(filter)),
        counters_(counters) {}

  // Continues with these slices. REQUIRES: everything before them was taken.
  void Add(std::vector<storage::BlockSlice> slices) { events_ = EventRun(std::move(slices)); }

  // nullopt when everything was taken; the slices are then released.
  std::optional<Frame> Next();

  // Everything up to here was taken or is not shown.
  storage::Cursor cursor() const { return cursor_; }

 private:
  // Renders the next event that has frames to show. False if there is none.
  bool RenderNext();
  void Render(const EventView& event);

  const RenderingDialect& dialect_;
  const std::string instance_;
  const Position seen_;
  const NameFilter filter_;
  const Counters counters_;

  EventRun events_;
  std::vector<Rendering> renderings_;  // Of the event at `cursor_`.
  size_t next_rendering_ = 0;
  storage::Cursor cursor_;
  int64_t created_at_ = 0;
  int64_t appended_at_ = 0;
  bool passed_over_any_ = false;
};

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_FRAME_READER_H_
