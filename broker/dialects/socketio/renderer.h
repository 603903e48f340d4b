// Renders stored events as Socket.IO events of the Baileys-based REST API: a name and one JSON argument.
//
// Source: Baileys' lib/Types/*.d.ts (npm `baileys` 6.17.16). Arrays are arrays even with one element, the `messages` of
// `messages.upsert` is never empty, and nothing needs a binary attachment: bytes are base-64 text.
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

// The events that the API documents. Other events of Baileys are shown only to clients that name them.
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

// For events published in Baileys' own form, the data byte for byte, except for `creds.update`, which contains private
// keys: only members that are known to be harmless are shown. For other events, what Baileys would emit. The payloads
// are the single argument. Pure and total: any thread, any event.
//  InvalidArgument  the event is damaged, or its type is not allowed as an event name
//                   (http::socketio::IsReservedEvent).
absl::StatusOr<std::vector<model::Rendering>> Render(const EventView& event);

extern const model::RenderingDialect kRendering;

// Names match exactly; `*` and `all` stand for all of kEventNames. No names match nothing.
model::NameFilter MakeFilter(const std::vector<std::string>& names);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_RENDERER_H_
