// Renderings: what a dialect shows of one event.
//
// Each dialect has a pure and total function
//
//   absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);
//
// in broker/dialects/<name>/renderer.h. It returns what is shown of the event, in order, which may be nothing; or, for
// a damaged event, an error that says what is wrong. It depends on the event alone, so an event is always shown the
// same; the frames add the instance and the position.
#ifndef PLAYHEAD_BROKER_MODEL_RENDERING_H_
#define PLAYHEAD_BROKER_MODEL_RENDERING_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace playhead::broker::model {

// The steps in which an event is shown. Its i-th fact (from 0) takes the steps 2i + 1 and 2i + 2, since no dialect
// shows a fact in more than two frames. A position that has seen a step has seen all earlier ones.
using Step = uint16_t;
inline constexpr Step kWholeEvent = 0;
inline constexpr size_t kFramesPerFact = 2;
// All later steps share this one: a client that resumes there gets all of them again, and misses nothing.
inline constexpr Step kStepMax = std::numeric_limits<Step>::max();

// The step of frame `frame` (from 0) of fact `fact`. The last frame of a fact takes the fact's last step.
constexpr Step StepOf(size_t fact, size_t frame, bool is_last_of_fact) {
  const size_t step = kFramesPerFact * fact + (is_last_of_fact ? kFramesPerFact : frame + 1);
  return static_cast<Step>(std::min<size_t>(step, kStepMax));
}

// Whether a client that has seen `seen` of an event need not get the frame at `step` again.
constexpr bool WasSeen(Step step, Step seen) { return step != kWholeEvent && step < kStepMax && step <= seen; }

struct Rendering {
  // The dialect's name for it, which clients' filters match.
  std::string name;
  // The payload, as JSON in UTF-8. The envelope around it is up to the dialect.
  std::string payload;
  // The last step that has been seen with this frame; kWholeEvent if the event has no more to show.
  Step step = kWholeEvent;
  // The event lacks a value that the client requires, so the payload has "", 0, false or 1970 instead.
  bool has_neutral_value = false;
};

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_RENDERING_H_
