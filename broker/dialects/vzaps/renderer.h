// Renders stored events for VZaps clients.
//
// A frame is one JSON object, {"id","type","instance_id","created_at","data"}. Its form is what all of VZaps' SDKs
// accept: `data` is an object, `created_at` is RFC 3339 in UTC, the type is never `All`, and a frame has less than 1
// MiB (Python's websockets closes the connection at that).
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

// The name that means every event. Handlers of this name get every event, so an event with this type would be handled
// twice.
inline constexpr absl::string_view kAllEvents = "All";

// For events published in VZaps' own form, the data byte for byte (as {"value":…} if they are not an object); for other
// events {"type","event"} with the canonical view (broker/model/view.h) as `event` and, if present, `media_url` of a
// message and `state` of a receipt or presence. The payloads are values of `data`. Pure and total: any thread, any
// event.
//  InvalidArgument  the event is damaged, or its type is not allowed as an event name.
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match in any case. A name `All` or "", or no names at all, match every event that VZaps has a form for.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

// The frame as it is sent. If it would be too large, its data are replaced by {"type","truncated":true,"bytes"} with
// the size of the whole frame; its id is the position at which other interfaces have the whole event.
std::string WriteFrame(const model::Frame& frame, absl::string_view instance);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_RENDERER_H_
