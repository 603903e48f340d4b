// Shapes: Baileys' lib/Types/*.d.ts (npm `baileys` 6.17.16); `auth.qr` and `auth.pairing-code` are the REST API's own.
#include <utility>

#include "broker/model/dialect_facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/proto_message.h"

namespace playhead::broker::model {
namespace {

std::string Address(const json::value* value) { return FromJid(Text(value)); }

// Reads the sender and the chat of a message from its key.
void ReadKey(const json::value* key, Message& message) {
  message.message_id = Text(Find(key, "id"));
  message.chat = Address(Find(key, "remoteJid"));
  message.from_me = Flag(Find(key, "fromMe"));
  const std::string participant = Address(Find(key, "participant"));
  message.sender = !participant.empty() ? participant : message.from_me ? "" : message.chat;
}

// proto.WebMessageInfo.Status
std::optional<Kind> KindOfStatus(const json::value* status) {
  if (status == nullptr) return std::nullopt;
  const std::string name = Text(status);
  if (name == "0" || name == "ERROR") return Kind::kStatusFailed;
  if (name == "2" || name == "SERVER_ACK") return Kind::kStatusSent;
  if (name == "3" || name == "DELIVERY_ACK") return Kind::kStatusDelivered;
  if (name == "4" || name == "READ") return Kind::kStatusRead;
  if (name == "5" || name == "PLAYED") return Kind::kStatusPlayed;
  return std::nullopt;
}

void AddMessage(const json::value& info, std::vector<Fact>& facts) {
  if (!info.is_object()) return;
  Message message;
  ReadKey(Find(&info, "key"), message);
  if (message.sender == message.chat) {
    if (const std::string participant = Address(Find(&info, "participant")); !participant.empty()) {
      message.sender = participant;
    }
  }
  message.sender_name = Text(Find(&info, "pushName"));
  message.timestamp = Seconds(Find(&info, "messageTimestamp"));
  const Kind plain = message.from_me ? Kind::kMessageSent : Kind::kMessageReceived;
  const Kind kind = ReadProtoMessage(Find(&info, "message"), plain, message);
  facts.push_back({kind, std::move(message)});
}

void AddUpdate(const json::value& element, std::vector<Fact>& facts) {
  const json::value* const key = Find(&element, "key");
  const json::value* const update = Find(&element, "update");
  if (const std::optional<Kind> kind = KindOfStatus(Find(update, "status")); kind) {
    const json::value* const from_me = Find(key, "fromMe");
    facts.push_back({*kind, Status{.message_id = Text(Find(key, "id")),
                                   .chat = Address(Find(key, "remoteJid")),
                                   .participant = Address(Find(key, "participant")),
                                   .from_me = from_me == nullptr || Flag(from_me),
                                   .timestamp = Seconds(Find(update, "messageTimestamp"))}});
  }
  const json::value* const edited = Find(Find(Find(update, "message"), "editedMessage"), "message");
  if (edited == nullptr) return;
  Message message;
  ReadKey(key, message);
  message.target = message.message_id;
  message.target_from_me = message.from_me;
  message.timestamp = Seconds(Find(update, "messageTimestamp"));
  ReadProtoMessage(edited, Kind::kMessageEdited, message);
  message.type = "edit";
  facts.push_back({Kind::kMessageEdited, std::move(message)});
}

void AddReaction(const json::value& element, std::vector<Fact>& facts) {
  const json::value* const key = Find(&element, "key");
  const json::value* const reaction = Find(&element, "reaction");
  if (key == nullptr || reaction == nullptr) return;
  Message message;
  // The outer key identifies the message that was reacted to; the reaction's own key identifies who reacted.
  ReadKey(Find(reaction, "key"), message);
  if (message.chat.empty()) message.chat = Address(Find(key, "remoteJid"));
  message.timestamp = Integer(Find(reaction, "senderTimestampMs")) / 1000;
  if (message.timestamp < 0 || message.timestamp > kSecondsMax) message.timestamp = 0;
  message.type = "reaction";
  message.target = Text(Find(key, "id"));
  message.target_from_me = Flag(Find(key, "fromMe"));
  message.emoji = Text(Find(reaction, "text"));
  facts.push_back({Kind::kMessageReaction, std::move(message)});
}

void AddDeletion(const json::value& key, std::vector<Fact>& facts) {
  if (!key.is_object()) return;
  Message message;
  ReadKey(&key, message);
  message.type = "revoke";
  message.target = std::exchange(message.message_id, "");
  message.target_from_me = std::exchange(message.from_me, false);
  facts.push_back({Kind::kMessageDeleted, std::move(message)});
}

void AddConnection(const json::value& update, std::vector<Fact>& facts) {
  if (const std::string qr = Text(Find(&update, "qr")); !qr.empty()) {
    facts.push_back({Kind::kSessionQr, Session{.qr = qr}});
  }
  const std::string connection = Text(Find(&update, "connection"));
  if (connection == "connecting") facts.push_back({Kind::kSessionConnecting, Session()});
  if (connection == "open") facts.push_back({Kind::kSessionConnected, Session()});
  if (connection == "close") {
    const json::value* const error = Find(Find(&update, "lastDisconnect"), "error");
    facts.push_back(
        {Kind::kSessionDisconnected, Session{.reason = Text(Find(error, "message")),
                                             .status_code = Integer(Find(Find(error, "output"), "statusCode"))}});
  }
}

void AddPresences(const json::value& update, std::vector<Fact>& facts) {
  const json::value* const presences = Find(&update, "presences");
  if (presences == nullptr || !presences->is_object()) return;
  for (const auto& member : presences->get_object()) {
    const std::string state = Text(Find(&member.value(), "lastKnownPresence"));
    if (state.empty()) continue;
    const bool is_of_user = state == "available" || state == "unavailable";
    facts.push_back({is_of_user ? Kind::kPresenceUser : Kind::kPresenceChat,
                     Presence{.chat = Address(Find(&update, "id")),
                              .user = FromJid(absl::string_view(member.key().data(), member.key().size())),
                              .state = state,
                              .last_seen = Seconds(Find(&member.value(), "lastSeen"))}});
  }
}

void AddParticipants(const json::value& update, std::vector<Fact>& facts) {
  const std::string action = Text(Find(&update, "action"));
  for (const Kind kind : KindsOf(Dialect::kBaileys, "group-participants.update")) {
    const absl::string_view name = KindName(kind);
    if (action.empty() || name.substr(name.rfind('.') + 1) != action) continue;
    Participants participants{.group = Text(Find(&update, "id")), .author = Address(Find(&update, "author"))};
    for (const json::value& user : Elements(Find(&update, "participants"))) {
      // Newer versions have objects here.
      participants.users.push_back(user.is_object() ? Address(Find(&user, "id")) : Address(&user));
    }
    facts.push_back({kind, std::move(participants)});
  }
}

}  // namespace

void AddBaileysFacts(absl::string_view type, Kind kind, const json::value& data, std::vector<Fact>& facts) {
  if (type == "messages.upsert") {
    for (const json::value& info : Elements(Find(&data, "messages"))) AddMessage(info, facts);
  } else if (type == "messages.update") {
    for (const json::value& element : Elements(&data)) AddUpdate(element, facts);
  } else if (type == "messages.reaction") {
    for (const json::value& element : Elements(&data)) AddReaction(element, facts);
  } else if (type == "messages.delete") {
    // Clearing a whole chat names no messages, and has no kind.
    for (const json::value& key : Elements(Find(&data, "keys"))) AddDeletion(key, facts);
  } else if (type == "connection.update") {
    AddConnection(data, facts);
  } else if (type == "auth.qr") {
    facts.push_back({kind, Session{.qr = Text(Find(&data, "qr"))}});
  } else if (type == "auth.pairing-code") {
    facts.push_back(
        {kind, Session{.phone = Text(Find(&data, "phoneNumber")), .pairing_code = Text(Find(&data, "code"))}});
  } else if (type == "creds.update") {
    Session session;
    if (data.is_object()) session.details = data.get_object();
    facts.push_back({kind, std::move(session)});
  } else if (type == "presence.update") {
    AddPresences(data, facts);
  } else if (type == "group-participants.update") {
    AddParticipants(data, facts);
  } else {
    facts.push_back({kind, Verbatim{data}});
  }
}

}  // namespace playhead::broker::model
