// Stored events in the words of VZaps.
//
// A frame is one JSON object, {"id","type","instance_id","created_at","data"}. What all of VZaps' SDKs can take of it
// decides its form: `data` is an object, `created_at` is RFC 3339 in UTC, the type is never `All`, and a frame has less
// than a MiB (Python's websockets closes at that).
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_RENDERER_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_RENDERER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"

namespace playhead::broker::vzaps {

inline constexpr size_t kFrameBytesMax = (size_t{1} << 20) - 1;

// What stands for every event. Handlers of this name get every event; one that had it for its type would be handled
// twice.
inline constexpr absl::string_view kAllEvents = "All";

// Of what was published in VZaps' own words, the data byte for byte (as {"value":…} if it is no object); of other
// events {"type","event"} with the canonical view (broker/model/view.h) as `event`, and where there is one `media_url`
// of a message and `state` of a receipt or presence. The payloads are values of `data`.
// Pure and total: any thread, any event.
//   InvalidArgument  the event is damaged, or has a name that is not for events.
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match in any case. `All` and "" among them, and no names at all, are every event that has a form here.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

// The frame as it is sent. What would be too large has instead of its data {"type","truncated":true,"bytes"} with the
// size that it would have; its id is also the position at which other interfaces have the whole.
std::string WriteFrame(const model::Frame& frame, absl::string_view instance);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_RENDERER_H_
