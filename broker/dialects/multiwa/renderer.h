// Stored events in the words of MultiWA.
//
// A frame is {"type":"event","payload":{"event","profileId","data","timestamp"}}, as MultiWA documents it, and in the
// payload `id` and `cursor` besides: the frame's position, unique, which a client may give back as `since`.
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

// Of what was published in MultiWA's own words, the data byte for byte; of others what is documented for its event. The
// payloads are values of `data`. Pure and total: any thread, any event.
//   InvalidArgument  the event is damaged, or has a name that is not for events.
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match exactly; `*` among them is every event that has a form here.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

// The frame as it is sent.
std::string WriteFrame(const model::Frame& frame, absl::string_view profile);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_RENDERER_H_
