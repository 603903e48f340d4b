// Stored events in the words of this dialect.
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

// Lets through the types that this dialect shows: what users sent, and what became of what they were sent; and those of
// type `also`, unless that is empty.
std::shared_ptr<const storage::EventFilter> ShownTypes(absl::string_view also = {});

// Whether events of this type are shown: those whose attribute `dialect` is `whatsapp`.
bool IsShown(absl::string_view type);
bool IsOfWhatsApp(const EventView& event);

// Fills in the payload of an event of the type `type` (one that is shown) with the data `data`. Total: any bytes give
// an error or a payload that the client can map.
//   InvalidArgument  the data is not what the type says.
absl::Status Render(absl::string_view type, absl::string_view data, Payload& payload);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_RENDERER_H_
