// Renders stored events for MultiWA's gateway (apps/api/src/modules/events/events.gateway.ts), as a Socket.IO event
// with one argument:
//
//   message            {"profileId","type":"message:received","message":{…},"conversation":{…},"cursor"}
//   message:ack        {"profileId","messageId","status","cursor"}
//   connection:status  {"profileId","status","phoneNumber"?,"phone"?,"cursor"}
//   qr:update          {"profileId","qrCode","cursor"}
//
// `message` and `conversation` are rows of the original's database, as far as an event has their values. `cursor` is an
// addition: the frame's position, which a client may send as `since`.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_RENDERER_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_RENDERER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/model/frame_reader.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"

namespace playhead::broker::multiwa {

// Shows the kinds that the documented API shows, whatever dialect they were published in. The payloads are the
// arguments without instance and position. Pure and total: any thread, any event.
//   InvalidArgument  the event is damaged.
absl::StatusOr<std::vector<model::Rendering>> RenderForGateway(const EventView& event);

extern const model::RenderingDialect kGatewayRendering;

// The argument as it is sent.
std::string WriteGatewayArgument(const model::Frame& frame, absl::string_view profile);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_RENDERER_H_
