// The one mapping from WhatsApp's webhooks to typed content, which the broker's Photon dialect and the C++ client
// share.
//
// The input is the `data` of a stored event: {"metadata":…,"contact":…,"message":{…}} or {"metadata":…,"status":{…}},
// verbatim slices of a webhook of the WhatsApp Cloud API. Both functions are total: any bytes give a result or an
// error. Fields of the API without a counterpart in the output (a media's url, a referral's picture) are ignored.
//
// How values are read, whatever the field:
//   Absent          null counts as absent. Of duplicate keys the last counts. The order of keys does not matter.
//   Numbers         may be sent as strings, and strings as numbers: the text is taken as sent.
//   Wrong kind      a value of the wrong type, or a number out of the field's range, drops the whole part of the
//                   message that it is in: content, context, referral, contact, errors, conversation or pricing. So a
//                   part is complete or absent. The id of a message or status is required.
//   Missing fields  in a part that is present are absent, or "", 0 or false if the field is not optional.
//   Surrogates      a lone half of a surrogate pair (a cut emoji) becomes U+FFFD; all strings of the output are UTF-8.
//   Times           whole seconds from 1970 to 9999; anything else is absent.
//
// Thread safety: any thread. Blocking: none. Cost: one copy of `data` and one pass, about a microsecond for a typical
// event. Each thread keeps up to some hundreds of KiB of buffers between calls.
#ifndef PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_
#define PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "photon/whatsapp/v1/inbound.pb.h"

namespace playhead::whatsapp {

// A message. Its `type` and its content always agree: if the type names a content (`text`, `image`, …), exactly that
// content is set; with any other type, none is. So the type is WhatsApp's own, except:
//   - if it is missing, it is that of the only content present, else `unknown`;
//   - an interactive reply of a kind that has no field becomes `interactive.KIND` (interactive.call_permission_reply);
//   - a type whose content is missing or cannot be read becomes `TYPE.unreadable`.
// Errors: EVENT_INVALID if the data is not such an object or the message has no id.
absl::StatusOr<photon::whatsapp::v1::InboundMessage> ParseMessage(absl::string_view data);

// A status; never an unspecified one.
// Errors: NOT_RENDERED if the status is valid but the output has no value for its kind (`deleted`, `warning`);
// EVENT_INVALID if the data is not such an object, or has no id or no status.
absl::StatusOr<photon::whatsapp::v1::StatusUpdate> ParseStatus(absl::string_view data);

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_
