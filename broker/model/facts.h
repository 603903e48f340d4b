// Facts: what a stored event says, in no dialect's words.
//
// A webhook's message is one fact; an event that was published in a dialect's own words may say several, such as the
// three messages of one `messages.upsert`. What the source does not say is "", 0 or absent: nothing is made up.
//
// Accounts and chats are named as Meta does: users by the digits of their number alone, all else by its whole address
// (`120363041234567890@g.us`, `status@broadcast`). broker/model/jid.h converts.
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
  std::string id;  // Meta's.
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

// What a user chose: a reply to buttons, to a list or to a flow.
struct Choice {
  std::string
      type;        // button_reply, list_reply, nfm_reply; button for one of a template. Others as the source has them.
  std::string id;  // Of a template's button its payload.
  std::string title;
  std::string description;
  std::string response_json;  // Of a flow.

  friend bool operator==(const Choice&, const Choice&) = default;
};

struct Message {
  std::string message_id;
  std::string chat;         // With whom: a user or a group.
  std::string sender;       // Who sent it; "" if that is the instance itself and the source does not name it.
  std::string sender_name;  // As the sender calls itself.
  bool from_me = false;
  int64_t timestamp = 0;  // Seconds.
  // Meta's words: text, image, video, audio, document, sticker, location, contacts, reaction, interactive, button,
  // order, system, unsupported, edit, revoke; others as the source has them. "unknown" if it does not say.
  std::string type;
  std::string text;  // Of a system message what it says.
  std::optional<Media> media;
  std::optional<Location> location;
  boost::json::array contacts;  // As Meta's, or {"name":{"formatted_name":…},"vcard":…}.
  std::string target;           // The message that a reaction, edit or deletion is about.
  std::optional<bool> target_from_me;
  std::string emoji;     // Of a reaction; "" takes it back.
  std::string reply_to;  // The message that this one answers.
  bool forwarded = false;
  std::optional<Choice> choice;
  boost::json::value order;   // As the source has it; null without one.
  boost::json::value system;  // The same.

  friend bool operator==(const Message&, const Message&) = default;
};

// What became of a message that was sent.
struct Status {
  std::string message_id;
  std::string chat;
  std::string participant;    // In a group, whose receipt it is.
  bool from_me = true;        // Whether the message was the instance's own.
  int64_t timestamp = 0;      // Seconds.
  boost::json::array errors;  // As Meta's.

  friend bool operator==(const Status&, const Status&) = default;
};

struct Session {
  std::string phone;  // Digits.
  std::string qr;
  std::string pairing_code;
  std::string reason;           // Why it was disconnected.
  int64_t status_code = 0;      // The same as a number, of which WhatsApp's own clients have some.
  boost::json::object details;  // Of kSessionCreds: what the source has. It may hold private keys.

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

// What dialects show as it is: chats, contacts, groups, calls, history.
struct Verbatim {
  boost::json::value value;  // An object or an array of objects.

  friend bool operator==(const Verbatim&, const Verbatim&) = default;
};

struct Fact {
  Kind kind;
  // kMessage… has a Message, kStatus… a Status, kSession… a Session, kPresence… a Presence, kGroupParticipants…
  // Participants; all other kinds are Verbatim.
  std::variant<Verbatim, Message, Status, Session, Presence, Participants> what;
};

// What the event says, in its order; nothing if it is of no kind that is known here, or of one that no dialect shows.
// Total: any bytes give facts or an error. Pure: any thread, no I/O. Cost: the JSON is parsed once, some microseconds
// for an event of common size.
//   InvalidArgument  the data are not what the type promises.
absl::StatusOr<std::vector<Fact>> FactsOf(const EventView& event);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_FACTS_H_
