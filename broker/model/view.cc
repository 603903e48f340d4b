#include "broker/model/view.h"

#include <variant>

#include "broker/model/jid.h"
#include "broker/model/json.h"

namespace playhead::broker::model {
namespace {

// Adds a member, unless it is "", 0 or false.
template <typename Value>
void AddUnlessEmpty(json::object& object, const char* name, const Value& value) {
  if (!(value == Value())) object.emplace(name, value);
}

json::value ViewOfWhat(const Verbatim& verbatim) { return verbatim.value; }

json::value ViewOfWhat(const Message& message) {
  json::object view = {{"message_id", message.message_id},
                       {"chat", message.chat},
                       {"sender", message.sender},
                       {"sender_name", message.sender_name},
                       {"from_me", message.from_me},
                       {"timestamp", message.timestamp},
                       {"type", message.type},
                       {"text", message.text}};
  if (message.media) {
    json::object& media = view["media"].emplace_object();
    AddUnlessEmpty(media, "id", message.media->id);
    AddUnlessEmpty(media, "url", message.media->url);
    AddUnlessEmpty(media, "mime", message.media->mime);
    AddUnlessEmpty(media, "sha256", message.media->sha256);
    AddUnlessEmpty(media, "caption", message.media->caption);
    AddUnlessEmpty(media, "filename", message.media->filename);
    AddUnlessEmpty(media, "voice", message.media->voice);
  }
  if (message.location) {
    json::object& location = view["location"].emplace_object();
    location.emplace("latitude", message.location->latitude);
    location.emplace("longitude", message.location->longitude);
    AddUnlessEmpty(location, "name", message.location->name);
    AddUnlessEmpty(location, "address", message.location->address);
  }
  if (!message.contacts.empty()) view.emplace("contacts", message.contacts);
  if (message.type == "reaction") {
    view.emplace("reaction", json::object{{"target", message.target}, {"emoji", message.emoji}});
  } else {
    AddUnlessEmpty(view, "target", message.target);
  }
  if (message.target_from_me) view.emplace("target_from_me", *message.target_from_me);
  AddUnlessEmpty(view, "reply_to", message.reply_to);
  AddUnlessEmpty(view, "forwarded", message.forwarded);
  if (message.choice) {
    json::object& choice = view["interactive"].emplace_object();
    choice.emplace("type", message.choice->type);
    choice.emplace("id", message.choice->id);
    choice.emplace("title", message.choice->title);
    AddUnlessEmpty(choice, "description", message.choice->description);
    AddUnlessEmpty(choice, "response_json", message.choice->response_json);
  }
  if (!message.order.is_null()) view.emplace("order", message.order);
  if (!message.system.is_null()) view.emplace("system", message.system);
  return view;
}

json::value ViewOfWhat(const Status& status) {
  json::object view = {{"message_id", status.message_id}, {"chat", status.chat}};
  AddUnlessEmpty(view, "participant", status.participant);
  view.emplace("from_me", status.from_me);
  view.emplace("timestamp", status.timestamp);
  if (!status.errors.empty()) view.emplace("errors", status.errors);
  return view;
}

json::value ViewOfWhat(const Session& session) {
  json::object view;
  AddUnlessEmpty(view, "phone", session.phone);
  AddUnlessEmpty(view, "qr", session.qr);
  AddUnlessEmpty(view, "pairing_code", session.pairing_code);
  AddUnlessEmpty(view, "reason", session.reason);
  AddUnlessEmpty(view, "status_code", session.status_code);
  return view;
}

json::value ViewOfWhat(const Presence& presence) {
  json::object view = {{"chat", presence.chat}, {"user", presence.user}, {"state", presence.state}};
  AddUnlessEmpty(view, "last_seen", presence.last_seen);
  return view;
}

json::value ViewOfWhat(const Participants& participants) {
  json::array users;
  for (const std::string& user : participants.users) users.emplace_back(user);
  return json::object{{"group", participants.group}, {"author", participants.author}, {"participants", users}};
}

std::string Address(const json::value* value) { return FromJid(Text(value)); }

Message MessageFrom(const json::value& view) {
  Message message;
  message.message_id = Text(Find(&view, "message_id"));
  message.chat = Address(Find(&view, "chat"));
  message.sender = Address(Find(&view, "sender"));
  message.sender_name = Text(Find(&view, "sender_name"));
  message.from_me = Flag(Find(&view, "from_me"));
  message.timestamp = Seconds(Find(&view, "timestamp"));
  message.type = Text(Find(&view, "type"));
  message.text = Text(Find(&view, "text"));
  if (const json::value* const media = Find(&view, "media"); media != nullptr && media->is_object()) {
    message.media = Media{.id = Text(Find(media, "id")),
                          .url = Text(Find(media, "url")),
                          .mime = Text(Find(media, "mime")),
                          .sha256 = Text(Find(media, "sha256")),
                          .caption = Text(Find(media, "caption")),
                          .filename = Text(Find(media, "filename")),
                          .voice = Flag(Find(media, "voice"))};
  }
  if (const json::value* const location = Find(&view, "location"); location != nullptr && location->is_object()) {
    message.location = Location{.latitude = Number(Find(location, "latitude")),
                                .longitude = Number(Find(location, "longitude")),
                                .name = Text(Find(location, "name")),
                                .address = Text(Find(location, "address"))};
  }
  message.contacts = Elements(Find(&view, "contacts"));
  const json::value* const reaction = Find(&view, "reaction");
  message.target = Text(reaction != nullptr ? Find(reaction, "target") : Find(&view, "target"));
  message.emoji = Text(Find(reaction, "emoji"));
  if (const json::value* const mine = Find(&view, "target_from_me"); mine != nullptr) {
    message.target_from_me = Flag(mine);
  }
  message.reply_to = Text(Find(&view, "reply_to"));
  message.forwarded = Flag(Find(&view, "forwarded"));
  if (const json::value* const choice = Find(&view, "interactive"); choice != nullptr && choice->is_object()) {
    message.choice = Choice{.type = Text(Find(choice, "type")),
                            .id = Text(Find(choice, "id")),
                            .title = Text(Find(choice, "title")),
                            .description = Text(Find(choice, "description")),
                            .response_json = Text(Find(choice, "response_json"))};
  }
  if (const json::value* const order = Find(&view, "order"); order != nullptr) message.order = *order;
  if (const json::value* const system = Find(&view, "system"); system != nullptr) message.system = *system;
  return message;
}

Status StatusFrom(const json::value& view) {
  const json::value* const from_me = Find(&view, "from_me");
  return {.message_id = Text(Find(&view, "message_id")),
          .chat = Address(Find(&view, "chat")),
          .participant = Address(Find(&view, "participant")),
          .from_me = from_me == nullptr || Flag(from_me),
          .timestamp = Seconds(Find(&view, "timestamp")),
          .errors = Elements(Find(&view, "errors"))};
}

Session SessionFrom(const json::value& view) {
  Session session{.phone = Address(Find(&view, "phone")),
                  .qr = Text(Find(&view, "qr")),
                  .pairing_code = Text(Find(&view, "pairing_code")),
                  .reason = Text(Find(&view, "reason")),
                  .status_code = Integer(Find(&view, "status_code"))};
  if (view.is_object()) session.details = view.get_object();
  return session;
}

Presence PresenceFrom(const json::value& view) {
  return {.chat = Address(Find(&view, "chat")),
          .user = Address(Find(&view, "user")),
          .state = Text(Find(&view, "state")),
          .last_seen = Seconds(Find(&view, "last_seen"))};
}

Participants ParticipantsFrom(const json::value& view) {
  Participants participants{.group = Text(Find(&view, "group")), .author = Address(Find(&view, "author"))};
  for (const json::value& user : Elements(Find(&view, "participants"))) participants.users.push_back(Address(&user));
  return participants;
}

bool Lacks(const Verbatim& /*verbatim*/, Kind /*kind*/) { return false; }
bool Lacks(const Message& message, Kind kind) {
  if (kind == Kind::kMessageDeleted) return message.chat.empty() || message.target.empty();
  const bool lacks_target = (kind == Kind::kMessageReaction || kind == Kind::kMessageEdited) && message.target.empty();
  return lacks_target || message.message_id.empty() || message.chat.empty() || message.timestamp == 0 ||
         (message.sender.empty() && !message.from_me);
}
bool Lacks(const Status& status, Kind /*kind*/) { return status.message_id.empty() || status.chat.empty(); }
bool Lacks(const Session& session, Kind kind) {
  return (kind == Kind::kSessionQr && session.qr.empty()) ||
         (kind == Kind::kSessionPairingCode && session.pairing_code.empty());
}
bool Lacks(const Presence& presence, Kind /*kind*/) { return presence.chat.empty() || presence.user.empty(); }
bool Lacks(const Participants& participants, Kind /*kind*/) { return participants.group.empty(); }

}  // namespace

json::value ViewOf(const Fact& fact) {
  return std::visit([](const auto& what) { return ViewOfWhat(what); }, fact.what);
}

Fact FromView(Kind kind, const json::value& view) {
  if (kind <= Kind::kMessageReaction) return {kind, MessageFrom(view)};
  if (kind <= Kind::kStatusFailed) return {kind, StatusFrom(view)};
  if (kind <= Kind::kSessionCreds) return {kind, SessionFrom(view)};
  if (kind <= Kind::kPresenceChat) return {kind, PresenceFrom(view)};
  if (kind >= Kind::kGroupParticipantsAdd && kind <= Kind::kGroupParticipantsModify) {
    return {kind, ParticipantsFrom(view)};
  }
  return {kind, Verbatim{view}};
}

bool LacksValues(const Fact& fact) {
  return std::visit([&fact](const auto& what) { return Lacks(what, fact.kind); }, fact.what);
}

}  // namespace playhead::broker::model
