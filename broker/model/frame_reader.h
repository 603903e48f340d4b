// FrameReader: a run of stored events as what a client of a dialect is shown of them, one frame at a time.
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
#include "broker/event_run.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"
#include "storage/block.h"

namespace playhead::broker::model {

// A dialect, as far as reading goes. All of it lives for ever.
struct RenderingDialect {
  absl::string_view name;  // For the log.
  absl::StatusOr<std::vector<Rendering>> (*render)(const EventView& event);
  // Whether anything of a name that `filter` matches could come of it, by the event's dialect and type alone, so that
  // the others are not parsed. It may be wrong in saying yes.
  bool (*may_show)(const EventView& event, const NameFilter& filter);
};

// A rendering and its place. With the position as its own, a client has seen everything up to this frame.
struct Frame {
  Rendering rendering;
  Position position;
  int64_t created_at = 0;   // Microseconds; the publisher's, 0 if it gave none.
  int64_t appended_at = 0;  // Microseconds; the broker's.

  // When it happened, as far as is known.
  int64_t time() const { return created_at > 0 ? created_at : appended_at; }
};

// Renders as it goes, so that only one event's frames are in memory. A damaged event is passed over; the first that a
// reader meets is written to the log. Not thread-safe.
class FrameReader {
 public:
  struct Counters {
    prometheus::Counter& not_rendered;    // Damaged events.
    prometheus::Counter& neutral_values;  // Frames with a neutral value.
  };

  // Starts with the first frame behind `seen`, a position of `instance`. `counters` must outlive it.
  FrameReader(const RenderingDialect& dialect, std::string instance, const Position& seen, NameFilter filter,
              Counters counters)
      : dialect_(dialect),
        instance_(std::move(instance)),
        seen_(seen),
        filter_(std::move(filter)),
        counters_(counters) {}

  // Goes on with these slices. REQUIRES: all before them was taken.
  void Add(std::vector<storage::BlockSlice> slices) { events_ = EventRun(std::move(slices)); }

  // nullopt when all was taken: then the slices are let go.
  std::optional<Frame> Next();

  // Everything of the slices up to here was taken or is not shown.
  storage::Cursor cursor() const { return cursor_; }

 private:
  // Renders the next event that is shown. False at the end.
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
