// Stored events in the words of MultiWA's gateway (apps/api/src/modules/events/events.gateway.ts): a Socket.IO event
// and its one argument.
//
//   message            {"profileId","type":"message:received","message":{…},"conversation":{…},"cursor"}
//   message:ack        {"profileId","messageId","status","cursor"}
//   connection:status  {"profileId","status","phoneNumber"?,"phone"?,"cursor"}
//   qr:update          {"profileId","qrCode","cursor"}
//
// `message` and `conversation` are the rows of the original's database, as far as an event tells what is in them.
// `cursor` is an addition: the frame's position, which a client may give back as `since`.
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

// What of an event is shown there: the kinds that the documented API shows too, whichever words it was published in.
// The payloads are arguments without what they carry of the place. Pure and total: any thread, any event.
//   InvalidArgument  the event is damaged.
absl::StatusOr<std::vector<model::Rendering>> RenderForGateway(const EventView& event);

extern const model::RenderingDialect kGatewayRendering;

// The argument as it is sent.
std::string WriteGatewayArgument(const model::Frame& frame, absl::string_view profile);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GATEWAY_RENDERER_H_
