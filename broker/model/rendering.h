// Renderings: what one dialect shows of one event, as every dialect's renderer gives it.
//
// Each dialect has a pure and total function
//
//   absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);
//
// in broker/dialects/<name>/renderer.h: what is shown of the event, in order, which may be nothing; or, of an event
// that is damaged, what is wrong with it. It looks at nothing but the event, so that an event is shown the same
// whenever it is read; frames add what they carry of the place (its instance and position).
#ifndef PLAYHEAD_BROKER_MODEL_RENDERING_H_
#define PLAYHEAD_BROKER_MODEL_RENDERING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace playhead::broker::model {

// The steps in which an event is shown: its i-th fact (from 0) takes the steps 2i + 1 and 2i + 2, since no dialect
// shows a fact in more than two frames. A position that has seen a step has seen all before it.
using Step = uint16_t;
inline constexpr Step kWholeEvent = 0;
inline constexpr size_t kFramesPerFact = 2;
// What lies beyond shares this step: a client that resumes there gets all of it again, and misses nothing.
inline constexpr Step kStepMax = std::numeric_limits<Step>::max();

// The step of the `frame`-th frame (from 0) of the `fact`-th; the last frame of a fact is behind all of its steps.
constexpr Step StepOf(size_t fact, size_t frame, bool is_last_of_fact) {
  const size_t step = kFramesPerFact * fact + (is_last_of_fact ? kFramesPerFact : frame + 1);
  return static_cast<Step>(std::min<size_t>(step, kStepMax));
}

// Whether a client that has seen `seen` of an event need not get the frame at `step` again.
constexpr bool WasSeen(Step step, Step seen) { return step != kWholeEvent && step < kStepMax && step <= seen; }

struct Rendering {
  // What the dialect calls it; a client's filter is about this name.
  std::string name;
  // JSON, in UTF-8: the payload of this name. What the client gets around it is the dialect's own.
  std::string payload;
  // What has been seen with this; kWholeEvent if it is all that the event has to show.
  Step step = kWholeEvent;
  // The client needs a value that the event does not have, and gets "", 0, false or 1970 in its place.
  bool has_neutral_value = false;
};

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_RENDERING_H_
