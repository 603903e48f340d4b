// Addresses of users and chats, which each dialect writes differently:
//
//   Meta       15550001                    a user's number, as digits alone
//   Baileys    15550001@s.whatsapp.net     with a device 15550001:7@s.whatsapp.net; the same for VZaps
//   MultiWA    15550001@c.us
//   all        1203630412345@g.us, 998877@lid, status@broadcast, 120363@newsletter
//
// The common form is Meta's for users, and the full address for everything else.
#ifndef PLAYHEAD_BROKER_MODEL_JID_H_
#define PLAYHEAD_BROKER_MODEL_JID_H_

#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::model {

// Converts an address of any dialect to the common form. Anything but a user's address is returned unchanged.
std::string FromJid(absl::string_view jid);

// Appends the dialect's suffix to a number. Anything else, including "", is returned unchanged.
std::string ToBaileysJid(absl::string_view id);
std::string ToMultiWaJid(absl::string_view id);

// Returns the address of a group that Meta's webhooks name by a bare id.
std::string FromMetaGroup(absl::string_view id);

bool IsGroup(absl::string_view id);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_JID_H_
