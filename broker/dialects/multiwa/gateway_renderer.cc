// Source: the objects that apps/api/src/modules/profiles/engine-manager.service.ts passes to the gateway.
#include "broker/dialects/multiwa/gateway_renderer.h"

#include <boost/json/serialize.hpp>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/model/facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/multiwa_types.h"
#include "broker/model/name_filter.h"
#include "broker/model/view.h"

namespace playhead::broker::multiwa {
namespace {

namespace json = boost::json;
using model::Fact;
using model::Kind;
using model::Rendering;

json::object ContentOf(const model::Message& message) {
  json::object content;
  if (message.media) {
    content.emplace("hasMedia", true);
    if (!message.media->caption.empty()) content.emplace("caption", message.media->caption);
    if (!message.media->mime.empty()) content.emplace("mimetype", message.media->mime);
    if (!message.media->filename.empty()) content.emplace("filename", message.media->filename);
  } else if (message.location) {
    content.emplace("latitude", message.location->latitude);
    content.emplace("longitude", message.location->longitude);
    content.emplace("name", message.location->name);
    content.emplace("description", message.location->address);
  } else {
    content.emplace("text", !message.text.empty() ? message.text
                            : message.choice      ? message.choice->title
                                                  : message.emoji);
  }
  return content;
}

// Only this protocol uses the name `text`.
std::string TypeOf(const model::Message& message) {
  if (message.type == "text") return message.type;
  return model::ToMultiWaType(message.type, message.media && message.media->voice);
}

Rendering Render(const model::Message& message, Kind /*kind*/) {
  const bool is_group = model::IsGroup(message.chat);
  json::object row = {{"messageId", message.message_id},
                      {"direction", "incoming"},
                      {"senderJid", model::ToBaileysJid(message.sender)},
                      {"type", TypeOf(message)},
                      {"content", ContentOf(message)},
                      {"status", "received"},
                      {"timestamp", model::SecondsText(message.timestamp)}};
  json::object conversation = {{"jid", model::ToBaileysJid(message.chat)}, {"type", is_group ? "group" : "user"}};
  // For a group, the event has no name.
  if (!is_group && !message.sender_name.empty()) conversation.emplace("name", message.sender_name);
  json::object argument = {{"type", "message:received"}};
  argument.emplace("message", std::move(row));
  argument.emplace("conversation", std::move(conversation));
  return {.name = "message", .payload = json::serialize(argument)};
}

Rendering Render(const model::Status& status, Kind kind) {
  absl::string_view name = "unknown";
  if (kind == Kind::kStatusSent) name = "sent";
  if (kind == Kind::kStatusDelivered) name = "delivered";
  if (kind == Kind::kStatusRead) name = "read";
  if (kind == Kind::kStatusPlayed) name = "played";
  return {
      .name = "message:ack",
      .payload = json::serialize(json::object{{"messageId", status.message_id}, {"status", model::JsonView(name)}})};
}

Rendering Render(const model::Session& session, Kind kind) {
  if (kind == Kind::kSessionQr) {
    return {.name = "qr:update", .payload = json::serialize(json::object{{"qrCode", session.qr}})};
  }
  const absl::string_view name = model::KindName(kind);
  json::object argument = {{"status", model::JsonView(name.substr(name.rfind('.') + 1))}};
  if (!session.phone.empty()) {
    argument.emplace("phoneNumber", session.phone);
    argument.emplace("phone", session.phone);
  }
  return {.name = "connection:status", .payload = json::serialize(argument)};
}

// Kinds that are not shown here.
template <typename Other>
Rendering Render(const Other& /*other*/, Kind /*kind*/) {
  return {};
}

bool MayShow(const EventView& event, const model::NameFilter& /*filter*/) {
  for (const Kind kind : model::KindsOf(model::DialectOf(event), event.type)) {
    if (!model::RowOf(kind).multiwa.empty()) return true;
  }
  return false;
}

}  // namespace

const model::RenderingDialect kGatewayRendering = {"multiwa", &RenderForGateway, &MayShow};

absl::StatusOr<std::vector<Rendering>> RenderForGateway(const EventView& event) {
  const auto facts = model::FactsOf(event);
  if (!facts.ok()) return facts.status();
  std::vector<Rendering> renderings;
  for (size_t i = 0; i < facts->size(); ++i) {
    const Fact& fact = (*facts)[i];
    if (model::RowOf(fact.kind).multiwa.empty()) continue;
    Rendering rendering = std::visit([&fact](const auto& what) { return Render(what, fact.kind); }, fact.what);
    rendering.step = model::StepOf(i, 0, true);
    rendering.has_neutral_value = model::LacksValues(fact);
    renderings.push_back(std::move(rendering));
  }
  return renderings;
}

std::string WriteGatewayArgument(const model::Frame& frame, absl::string_view profile) {
  return absl::StrCat("{\"profileId\":", model::Quoted(profile), ",",
                      absl::StripSuffix(absl::StripPrefix(frame.rendering.payload, "{"), "}"), ",\"cursor\":\"",
                      frame.position.ToString(), "\"}");
}

}  // namespace playhead::broker::multiwa
