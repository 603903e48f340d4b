// Addresses of users and chats, which every dialect writes in its own way.
//
//   Meta       15550001                    a user's number, as digits alone
//   Baileys    15550001@s.whatsapp.net     with a device also 15550001:7@s.whatsapp.net; and VZaps the same
//   MultiWA    15550001@c.us
//   all        1203630412345@g.us, 998877@lid, status@broadcast, 120363@newsletter
//
// Between dialects a user is what Meta writes, and everything else its whole address.
#ifndef PLAYHEAD_BROKER_MODEL_JID_H_
#define PLAYHEAD_BROKER_MODEL_JID_H_

#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::model {

// From any dialect. What is no user's address is kept as it is.
std::string FromJid(absl::string_view jid);

// Only digits get an address; anything else, "" too, is kept as it is.
std::string ToBaileysJid(absl::string_view id);
std::string ToMultiWaJid(absl::string_view id);

// Of a group as Meta names it in webhooks, where it is no address.
std::string FromMetaGroup(absl::string_view id);

bool IsGroup(absl::string_view id);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_JID_H_
