// Renders stored events for this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_RENDERER_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_RENDERER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "photon/whatsapp/v1/message_service.pb.h"
#include "proto/event_wire.h"
#include "storage/event_filter.h"

namespace playhead::broker::photon {

using Payload = ::photon::whatsapp::v1::Event;

// A filter for the types that this dialect shows, which are users' messages and the delivery status of sent ones; and
// for the type `also`, unless that is empty.
std::shared_ptr<const storage::EventFilter> ShownTypes(absl::string_view also = {});

// Whether events of this type are shown, and whether the event's attribute `dialect` is `whatsapp`, as it must be.
bool IsShown(absl::string_view type);
bool IsOfWhatsApp(const EventView& event);

// Renders the payload of an event with the type `type`, which must be one that is shown, and the data `data`. Total:
// any bytes give an error or a payload that the client can map.
//  InvalidArgument  the data do not have the shape that the type promises.
absl::Status Render(absl::string_view type, absl::string_view data, Payload& payload);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_RENDERER_H_
