// Renders stored events for MultiWA clients.
//
// A frame is {"type":"event","payload":{"event","profileId","data","timestamp"}}, as documented by MultiWA. The payload
// also has `id` and `cursor`: the frame's position, which is unique, and which a client may send as `since`.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_RENDERER_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_RENDERER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"

namespace playhead::broker::multiwa {

// For events published in MultiWA's own form, the data byte for byte; for other events, the documented form of their
// event. The payloads are values of `data`. Pure and total: any thread, any event.
//  InvalidArgument  the event is damaged, or its type is not allowed as an event name.
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match exactly; a name `*` matches every event that MultiWA has a form for.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

// The frame as it is sent.
std::string WriteFrame(const model::Frame& frame, absl::string_view profile);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_RENDERER_H_
