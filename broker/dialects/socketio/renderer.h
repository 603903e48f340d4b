// Stored events in the words of the Baileys-based REST API's Socket.IO events: a name and one JSON argument.
//
// Shapes: Baileys' lib/Types/*.d.ts (npm `baileys` 6.17.16). Arrays are arrays even of one element, the `messages` of
// `messages.upsert` is never empty, and nothing needs a binary attachment: bytes are text in base64.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RENDERER_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RENDERER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"

namespace playhead::broker::socketio {

// The events that the API documents. Others of Baileys are shown to who names them.
inline constexpr absl::string_view kEventNames[] = {
    "connection.update",
    "auth.qr",
    "auth.pairing-code",
    "creds.update",
    "messages.upsert",
    "messages.update",
    "messages.delete",
    "messages.reaction",
    "chats.upsert",
    "chats.update",
    "groups.upsert",
    "groups.update",
    "call",
    "presence.update",
    "group-participants.update",
    "contacts.upsert",
    "contacts.update",
};

// Of what was published in Baileys' own words, the data byte for byte, but for `creds.update`: it holds private keys,
// and only what is known not to be one is shown of it. Of others what Baileys would emit. The payloads are the one
// argument. Pure and total: any thread, any event.
//   InvalidArgument  the event is damaged, or has a name that is not for events (http::socketio::IsReservedEvent).
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match exactly; `*` and `all` among them are all of kEventNames. No names match nothing.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RENDERER_H_
