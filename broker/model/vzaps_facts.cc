// Source: VZaps publishes {"type","event",…} with whatsmeow's event structs (types/events.go), whose JSON has Go's
// field names; snake_case is accepted as well.
#include <utility>

#include "absl/strings/match.h"
#include "broker/model/dialect_facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/proto_message.h"
#include "broker/model/view.h"

namespace playhead::broker::model {
namespace {

std::string Address(const json::value* value) { return FromJid(Text(value)); }

// Whether it is a canonical view, the form in which events of other dialects are published here.
bool IsView(const json::value* event) {
  return Find(event, {"message_id", "participants"}) != nullptr ||
         (Find(event, "chat") != nullptr && Find(event, "user") != nullptr);
}

void AddMessage(const json::value* event, std::vector<Fact>& facts) {
  const json::value* info = Find(event, {"Info", "info"});
  if (info == nullptr) info = event;
  Message message;
  message.message_id = Text(Find(info, {"ID", "Id", "id"}));
  message.chat = Address(Find(info, {"Chat", "chat"}));
  message.sender = Address(Find(info, {"Sender", "sender"}));
  message.sender_name = Text(Find(info, {"PushName", "push_name"}));
  message.from_me = Flag(Find(info, {"IsFromMe", "is_from_me", "from_me"}));
  message.timestamp = Seconds(Find(info, {"Timestamp", "timestamp"}));
  const Kind plain = message.from_me ? Kind::kMessageSent : Kind::kMessageReceived;
  const Kind kind = ReadProtoMessage(Find(event, {"Message", "message"}), plain, message);
  facts.push_back({kind, std::move(message)});
}

// The kind of a message's view, by its `type`.
Kind KindOfMessageView(const json::value* view) {
  const std::string type = Text(Find(view, "type"));
  if (type == "reaction") return Kind::kMessageReaction;
  if (type == "edit") return Kind::kMessageEdited;
  if (type == "revoke") return Kind::kMessageDeleted;
  return Flag(Find(view, "from_me")) ? Kind::kMessageSent : Kind::kMessageReceived;
}

void AddReceipts(const json::value& data, const json::value* event, std::vector<Fact>& facts) {
  const json::value* state_value = Find(&data, "state");
  if (state_value == nullptr) state_value = Find(event, {"State", "state", "Type", "type"});
  const std::string state = Text(state_value);
  // whatsmeow's type of a delivery is "".
  const Kind kind = absl::EqualsIgnoreCase(state, "delivered") || state.empty() ? Kind::kStatusDelivered
                    : absl::EqualsIgnoreCase(state, "played")                   ? Kind::kStatusPlayed
                                                                                : Kind::kStatusRead;
  if (IsView(event)) return facts.push_back(FromView(kind, *event));
  const json::value* const info = Find(event, {"MessageSource", "message_source"});
  const json::value* const source = info != nullptr ? info : event;
  Status status{.chat = Address(Find(source, {"Chat", "chat"})),
                .from_me = !absl::EqualsIgnoreCase(state, "readself"),
                .timestamp = Seconds(Find(event, {"Timestamp", "timestamp"}))};
  if (IsGroup(status.chat)) status.participant = Address(Find(source, {"Sender", "sender"}));
  for (const json::value& id : Elements(Find(event, {"MessageIDs", "message_ids"}))) {
    status.message_id = Text(&id);
    facts.push_back({kind, status});
  }
}

void AddPresence(Kind kind, const json::value& data, const json::value* event, std::vector<Fact>& facts) {
  if (IsView(event)) return facts.push_back(FromView(kind, *event));
  Presence presence;
  if (kind == Kind::kPresenceUser) {
    presence.user = Address(Find(event, {"From", "from"}));
    presence.chat = presence.user;
    const bool is_offline =
        Flag(Find(event, {"Unavailable", "unavailable"})) || Text(Find(&data, "state")) == "offline";
    presence.state = is_offline ? "unavailable" : "available";
    presence.last_seen = Seconds(Find(event, {"LastSeen", "last_seen"}));
  } else {
    const json::value* const info = Find(event, {"MessageSource", "message_source"});
    const json::value* const source = info != nullptr ? info : event;
    presence.chat = Address(Find(source, {"Chat", "chat"}));
    presence.user = Address(Find(source, {"Sender", "sender"}));
    presence.state = Text(Find(event, {"State", "state"}));
    if (presence.state == "composing" && Text(Find(event, {"Media", "media"})) == "audio") presence.state = "recording";
    if (presence.state.empty()) return;
  }
  facts.push_back({kind, std::move(presence)});
}

void AddParticipants(Kind kind, const json::value* event, std::vector<Fact>& facts) {
  if (IsView(event)) return facts.push_back(FromView(kind, *event));
  Participants participants{.group = Text(Find(event, {"JID", "jid"})),
                            .author = Address(Find(event, {"Sender", "sender"}))};
  const json::value* const users =
      kind == Kind::kGroupParticipantsAdd ? Find(event, {"Join", "join"}) : Find(event, {"Leave", "leave"});
  for (const json::value& user : Elements(users)) participants.users.push_back(Address(&user));
  facts.push_back({kind, std::move(participants)});
}

}  // namespace

void AddVZapsFacts(Kind kind, const json::value& data, std::vector<Fact>& facts) {
  const json::value* const event = Find(&data, "event");
  switch (kind) {
    case Kind::kMessageReceived:
      if (event == nullptr) return;
      if (IsView(event)) return facts.push_back(FromView(KindOfMessageView(event), *event));
      return AddMessage(event, facts);
    case Kind::kStatusRead:
      return event == nullptr ? void() : AddReceipts(data, event, facts);
    case Kind::kPresenceUser:
    case Kind::kPresenceChat:
      return event == nullptr ? void() : AddPresence(kind, data, event, facts);
    case Kind::kGroupParticipantsAdd:
    case Kind::kGroupParticipantsRemove:
      return event == nullptr ? void() : AddParticipants(kind, event, facts);
    case Kind::kHistorySync:
      if (event != nullptr) facts.push_back({kind, Verbatim{*event}});
      return;
    case Kind::kSessionConnected:
    case Kind::kSessionDisconnected:
      return facts.push_back(FromView(kind, event == nullptr ? json::value(json::object()) : *event));
    default:
      return;
  }
}

}  // namespace playhead::broker::model
