#include "broker/dialects/socketio/renderer.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "broker/dialects/socketio/web_message.h"
#include "broker/http/socketio/packet.h"
#include "broker/model/facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/view.h"

namespace playhead::broker::socketio {
namespace {

namespace json = boost::json;
using model::Fact;
using model::Kind;
using model::Rendering;
using model::ToBaileysJid;

// The members of AuthenticationCreds that are neither keys nor derived from keys.
constexpr absl::string_view kShownCreds[] = {
    "me",
    "registered",
    "platform",
    "accountSyncCounter",
    "lastAccountSyncTimestamp",
    "nextPreKeyId",
    "accountSettings",
    "firstUnuploadedPreKeyId",
};
constexpr absl::string_view kShownOfMe[] = {"id", "lid", "name"};

constexpr absl::string_view kCredsUpdate = "creds.update";
constexpr absl::string_view kConnectionUpdate = "connection.update";

template <size_t kCount>
json::object Picked(const json::object& from, const absl::string_view (&names)[kCount]) {
  json::object picked;
  for (const absl::string_view name : names) {
    if (const json::value* const value = from.if_contains(model::JsonView(name))) {
      picked.emplace(model::JsonView(name), *value);
    }
  }
  return picked;
}

json::object RedactedCreds(const json::object& creds) {
  json::object redacted = Picked(creds, kShownCreds);
  if (json::value* const me = redacted.if_contains("me")) {
    *me = me->is_object() ? Picked(me->get_object(), kShownOfMe) : json::object();
  }
  return redacted;
}

// proto.WebMessageInfo.Status
int StatusNumber(Kind kind) {
  switch (kind) {
    case Kind::kStatusSent:
      return 2;
    case Kind::kStatusDelivered:
      return 3;
    case Kind::kStatusRead:
      return 4;
    case Kind::kStatusPlayed:
      return 5;
    default:
      return 0;
  }
}

// The events emitted for a fact, each a name and an argument: usually one, in a few cases two.
using Emitted = std::vector<std::pair<absl::string_view, json::value>>;

Emitted Emit(Kind kind, const model::Message& message) {
  const absl::string_view name = model::RowOf(kind).baileys;
  switch (kind) {
    case Kind::kMessageReaction:
      return {{name, json::array{ReactionOf(message)}}};
    case Kind::kMessageEdited:
      return {{name, json::array{EditOf(message)}}};
    case Kind::kMessageDeleted:
      return {{name, json::object{{"keys", json::array{TargetKeyOf(message)}}}}};
    default:
      return {{name, json::object{{"messages", json::array{WebMessageOf(message)}},
                                  {"type", kind == Kind::kMessageSent ? "append" : "notify"}}}};
  }
}

Emitted Emit(Kind kind, const model::Status& status) {
  json::object key = {{"remoteJid", ToBaileysJid(status.chat)}, {"fromMe", status.from_me}, {"id", status.message_id}};
  if (!status.participant.empty()) key.emplace("participant", ToBaileysJid(status.participant));
  json::object element;
  element.emplace("key", std::move(key));
  element.emplace("update", json::object{{"status", StatusNumber(kind)}});
  return {{model::RowOf(kind).baileys, json::array{std::move(element)}}};
}

json::object LastDisconnect(const model::Session& session) {
  json::object error;
  error.emplace("message", session.reason);
  if (session.status_code != 0) error.emplace("output", json::object{{"statusCode", session.status_code}});
  return json::object{{"error", std::move(error)}};
}

Emitted Emit(Kind kind, const model::Session& session) {
  const absl::string_view name = model::RowOf(kind).baileys;
  switch (kind) {
    case Kind::kSessionConnecting:
      return {{name, json::object{{"connection", "connecting"}}}};
    case Kind::kSessionConnected:
      return {{name, json::object{{"connection", "open"}}}};
    case Kind::kSessionDisconnected: {
      json::object update = {{"connection", "close"}};
      if (!session.reason.empty() || session.status_code != 0)
        update.emplace("lastDisconnect", LastDisconnect(session));
      return {{name, std::move(update)}};
    }
    case Kind::kSessionQr:
      return {{name, json::object{{"qr", session.qr}}}, {kConnectionUpdate, json::object{{"qr", session.qr}}}};
    case Kind::kSessionPairingCode: {
      json::object code = {{"code", session.pairing_code}};
      if (!session.phone.empty()) code.emplace("phoneNumber", session.phone);
      return {{name, std::move(code)}};
    }
    default:
      return {{name, RedactedCreds(session.details)}};
  }
}

Emitted Emit(Kind kind, const model::Presence& presence) {
  json::object state = {{"lastKnownPresence", presence.state}};
  if (presence.last_seen != 0) state.emplace("lastSeen", presence.last_seen);
  json::object presences;
  presences.emplace(ToBaileysJid(presence.user), std::move(state));
  json::object update;
  update.emplace("id", ToBaileysJid(presence.chat));
  update.emplace("presences", std::move(presences));
  return {{model::RowOf(kind).baileys, std::move(update)}};
}

Emitted Emit(Kind kind, const model::Participants& participants) {
  json::array users;
  for (const std::string& user : participants.users) users.emplace_back(ToBaileysJid(user));
  const absl::string_view name = model::KindName(kind);
  json::object update = {{"id", participants.group},
                         {"author", ToBaileysJid(participants.author)},
                         {"participants", std::move(users)},
                         {"action", model::JsonView(name.substr(name.rfind('.') + 1))}};
  return {{model::RowOf(kind).baileys, std::move(update)}};
}

Emitted Emit(Kind kind, const model::Verbatim& verbatim) {
  const absl::string_view name = model::RowOf(kind).baileys;
  // The only one of these events whose argument is an object.
  if (kind == Kind::kHistorySync || verbatim.value.is_array()) return {{name, verbatim.value}};
  json::array elements;
  elements.push_back(verbatim.value);
  return {{name, std::move(elements)}};
}

// Renders an event that was published in this dialect.
absl::StatusOr<std::vector<Rendering>> RenderOwn(const EventView& event) {
  if (http::socketio::IsReservedEvent(event.type)) return absl::InvalidArgumentError("the name is Socket.IO's own");
  const std::optional<json::value> data = model::ParseJson(event.data);
  if (!data) return absl::InvalidArgumentError("the data are not JSON");
  Rendering rendering{.name = std::string(event.type), .payload = std::string(event.data)};
  if (event.type == kCredsUpdate) {
    rendering.payload = json::serialize(data->is_object() ? RedactedCreds(data->get_object()) : json::object());
  } else if (event.type == "messages.upsert" && model::Elements(model::Find(&*data, "messages")).empty()) {
    return absl::InvalidArgumentError("the data have no `messages`, whose first element clients take for granted");
  }
  return std::vector<Rendering>{std::move(rendering)};
}

bool MayShow(const EventView& event, const model::NameFilter& filter) {
  if (model::MayShow(event, model::Dialect::kBaileys, &model::KindRow::baileys, filter)) return true;
  const auto kinds = model::KindsOf(model::DialectOf(event), event.type);
  return std::find(kinds.begin(), kinds.end(), Kind::kSessionQr) != kinds.end() && filter.Matches(kConnectionUpdate);
}

}  // namespace

const model::RenderingDialect kRendering = {"socketio", &Render, &MayShow};

absl::StatusOr<std::vector<Rendering>> Render(const EventView& event) {
  if (model::DialectOf(event) == model::Dialect::kBaileys) return RenderOwn(event);
  const auto facts = model::FactsOf(event);
  if (!facts.ok()) return facts.status();
  std::vector<Rendering> renderings;
  for (size_t i = 0; i < facts->size(); ++i) {
    const Fact& fact = (*facts)[i];
    const Emitted emitted = std::visit([&fact](const auto& what) { return Emit(fact.kind, what); }, fact.what);
    for (size_t frame = 0; frame < emitted.size(); ++frame) {
      renderings.push_back({.name = std::string(emitted[frame].first),
                            .payload = json::serialize(emitted[frame].second),
                            .step = model::StepOf(i, frame, frame + 1 == emitted.size()),
                            .has_neutral_value = model::LacksValues(fact)});
    }
  }
  return renderings;
}

model::NameFilter MakeFilter(const std::vector<std::string>& names) {
  std::vector<std::string> wanted;
  for (const std::string& name : names) {
    if (name == "*" || name == "all") {
      for (const absl::string_view event : kEventNames) wanted.emplace_back(event);
    } else {
      wanted.push_back(name);
    }
  }
  return model::NameFilter::Of(wanted);
}

}  // namespace playhead::broker::socketio
