// Facts: the content of a stored event, independent of any dialect.
//
// A webhook's message is one fact. An event published in a dialect's own form may contain several, such as the three
// messages of one `messages.upsert`. A value that the source lacks is "", 0 or absent: nothing is made up.
//
// Accounts and chats are named as Meta does: users by the digits of their number alone, everything else by its full
// address (`120363041234567890@g.us`, `status@broadcast`). broker/model/jid.h converts.
#ifndef PLAYHEAD_BROKER_MODEL_FACTS_H_
#define PLAYHEAD_BROKER_MODEL_FACTS_H_

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/model/kind.h"
#include "proto/event_wire.h"

namespace playhead::broker::model {

struct Media {
  std::string id;  // Meta's id.
  std::string url;
  std::string mime;
  std::string sha256;
  std::string caption;
  std::string filename;
  bool voice = false;  // Recorded for this chat, rather than sent as a file.

  friend bool operator==(const Media&, const Media&) = default;
};

struct Location {
  double latitude = 0;
  double longitude = 0;
  std::string name;
  std::string address;

  friend bool operator==(const Location&, const Location&) = default;
};

// A user's choice: a reply to buttons, to a list or to a flow.
struct Choice {
  // button_reply, list_reply, nfm_reply; `button` for a template's button; other types as in the source.
  std::string type;
  std::string id;  // For a template's button, its payload.
  std::string title;
  std::string description;
  std::string response_json;  // For a flow.

  friend bool operator==(const Choice&, const Choice&) = default;
};

struct Message {
  std::string message_id;
  std::string chat;         // The other user, or the group.
  std::string sender;       // "" if the instance itself sent it and the source does not name it.
  std::string sender_name;  // The name that the sender chose.
  bool from_me = false;
  int64_t timestamp = 0;  // Seconds.
  // As named by Meta: text, image, video, audio, document, sticker, location, contacts, reaction, interactive, button,
  // order, system, unsupported, edit, revoke; other types as in the source. "unknown" if the source has none.
  std::string type;
  std::string text;  // Also the text of a system message.
  std::optional<Media> media;
  std::optional<Location> location;
  boost::json::array contacts;  // In Meta's form, or {"name":{"formatted_name":…},"vcard":…}.
  std::string target;           // The id of the message that a reaction, edit or deletion refers to.
  std::optional<bool> target_from_me;
  std::string emoji;     // For a reaction; "" removes it.
  std::string reply_to;  // The id of the message that this one replies to.
  bool forwarded = false;
  std::optional<Choice> choice;
  boost::json::value order;   // As in the source; null if there is none.
  boost::json::value system;  // Likewise.

  friend bool operator==(const Message&, const Message&) = default;
};

// The delivery status of a sent message.
struct Status {
  std::string message_id;
  std::string chat;
  std::string participant;    // In a group, the member whose receipt it is.
  bool from_me = true;        // Whether the instance sent the message.
  int64_t timestamp = 0;      // Seconds.
  boost::json::array errors;  // In Meta's form.

  friend bool operator==(const Status&, const Status&) = default;
};

struct Session {
  std::string phone;  // Digits.
  std::string qr;
  std::string pairing_code;
  std::string reason;           // Why it was disconnected.
  int64_t status_code = 0;      // The reason as a number, as used by WhatsApp's own clients.
  boost::json::object details;  // For kSessionCreds: the source's data. May contain private keys.

  friend bool operator==(const Session&, const Session&) = default;
};

struct Presence {
  std::string chat;
  std::string user;
  std::string state;      // available, unavailable; composing, recording, paused.
  int64_t last_seen = 0;  // Seconds.

  friend bool operator==(const Presence&, const Presence&) = default;
};

struct Participants {
  std::string group;
  std::string author;
  std::vector<std::string> users;

  friend bool operator==(const Participants&, const Participants&) = default;
};

// Data that dialects show unchanged: chats, contacts, groups, calls, history.
struct Verbatim {
  boost::json::value value;  // An object or an array of objects.

  friend bool operator==(const Verbatim&, const Verbatim&) = default;
};

struct Fact {
  Kind kind;
  // kMessage… has a Message, kStatus… a Status, kSession… a Session, kPresence… a Presence, kGroupParticipants…
  // Participants; all other kinds have Verbatim.
  std::variant<Verbatim, Message, Status, Session, Presence, Participants> what;
};

// Returns the facts of the event, in their order; none if its kind is unknown, or is one that no dialect shows. Total:
// any bytes give facts or an error. Pure: any thread, no I/O. The JSON is parsed once, which takes some microseconds
// for an event of common size.
//  InvalidArgument  the data do not have the shape that the type promises.
absl::StatusOr<std::vector<Fact>> FactsOf(const EventView& event);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_FACTS_H_
