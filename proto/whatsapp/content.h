// The one mapping from WhatsApp's webhooks to typed content, which the broker's Photon dialect and the C++ client
// share.
//
// The input is the `data` of a stored event: {"metadata":…,"contact":…,"message":{…}} or {"metadata":…,"status":{…}},
// verbatim slices of a webhook of the WhatsApp Cloud API. Both functions are total: any bytes give a result or an
// error. What the API has and the output does not (a media's url, a referral's picture) is not looked at.
//
// How values are read, whatever the field:
//   Absent          null is the same as no such key. Of equal keys the last counts. The order of keys does not matter.
//   Numbers         may come as strings and strings as numbers: the text is taken as sent.
//   Wrong kind      a value that cannot be what the field holds (also a number that does not fit it) takes with it the
//                   whole part of the message that it is in: content, context, referral, contact, errors, conversation
//                   or pricing; a part is complete or absent. The id of a message or status is required.
//   Missing fields  of a part that is there are absent, or "", 0 and false where the field is not optional.
//   Surrogates      a lone half of a surrogate pair (a cut emoji) is U+FFFD; all strings of the output are UTF-8.
//   Times           whole seconds from 1970 to 9999; anything else is absent.
//
// Thread safety: any thread. Blocking: none. Cost: one copy of `data` and one pass, about a microsecond for an event of
// common size. A thread keeps up to some hundreds of KiB of buffers between calls.
#ifndef PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_
#define PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "photon/whatsapp/v1/inbound.pb.h"

namespace playhead::whatsapp {

// A message. Its `type` and its content always agree: with a type that names a content (`text`, `image`, …) exactly
// that content is set, and with any other none is. So the type is WhatsApp's own, except:
//   - without one, it is that of the only content present, else `unknown`;
//   - an interactive reply of a kind that has no field becomes `interactive.KIND` (interactive.call_permission_reply);
//   - a type whose content is missing or cannot be read becomes `TYPE.unreadable`.
// Errors: EVENT_INVALID, if the data is not such an object or the message has no id.
absl::StatusOr<photon::whatsapp::v1::InboundMessage> ParseMessage(absl::string_view data);

// A status; never an unspecified one.
// Errors: NOT_RENDERED, if the status is sound but of a kind that the output has no value for (`deleted`, `warning`);
// EVENT_INVALID, if the data is not such an object, or has no id or no status.
absl::StatusOr<photon::whatsapp::v1::StatusUpdate> ParseStatus(absl::string_view data);

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_CONTENT_H_
