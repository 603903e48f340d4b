// Sources for `data`: MultiWA's documentation of its WebSocket API; for message.ack its source code
// (packages/core/src/realtime.ts).
#include "broker/dialects/multiwa/renderer.h"

#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/model/facts.h"
#include "broker/model/jid.h"
#include "broker/model/json.h"
#include "broker/model/multiwa_types.h"
#include "broker/model/view.h"

namespace playhead::broker::multiwa {
namespace {

namespace json = boost::json;
using model::Fact;
using model::Kind;
using model::Rendering;

constexpr absl::string_view kAll = "*";

std::string BodyOf(const model::Message& message) {
  if (!message.text.empty()) return message.text;
  if (message.media) return message.media->caption;
  if (message.choice) return message.choice->title;
  return message.emoji;
}

json::object DataOf(const model::Message& message, Kind /*kind*/) {
  json::object data = {{"id", message.message_id},
                       {"from", model::ToMultiWaJid(message.chat)},
                       {"body", BodyOf(message)},
                       {"type", model::ToMultiWaType(message.type, message.media && message.media->voice)},
                       {"timestamp", model::SecondsText(message.timestamp)},
                       {"hasMedia", message.media.has_value()}};
  // A message of a group is from the group, as in WhatsApp Web.
  if (model::IsGroup(message.chat)) data.emplace("author", model::ToMultiWaJid(message.sender));
  return data;
}

json::object DataOf(const model::Status& status, Kind kind) {
  absl::string_view name = "unknown";
  int ack = 0;
  if (kind == Kind::kStatusSent) {
    name = "sent";
    ack = 1;
  } else if (kind == Kind::kStatusDelivered) {
    name = "delivered";
    ack = 2;
  } else if (kind == Kind::kStatusRead || kind == Kind::kStatusPlayed) {
    name = "read";
    ack = 3;
  }
  return {{"messageId", status.message_id}, {"status", model::JsonView(name)}, {"ack", ack}};
}

json::object DataOf(const model::Session& session, Kind kind) {
  if (kind == Kind::kSessionQr) return json::object{{"qr", session.qr}};
  const absl::string_view name = model::KindName(kind);
  json::object data = {{"status", model::JsonView(name.substr(name.rfind('.') + 1))}, {"phone", session.phone}};
  if (!session.reason.empty()) data.emplace("reason", session.reason);
  return data;
}

// Kinds that are not shown here.
template <typename Other>
json::object DataOf(const Other& /*other*/, Kind /*kind*/) {
  return {};
}

// Renders an event that was published in this dialect.
absl::StatusOr<std::vector<Rendering>> RenderOwn(const EventView& event) {
  if (event.type == kAll) return absl::InvalidArgumentError("the type stands for all types here");
  if (!model::ParseJson(event.data)) return absl::InvalidArgumentError("the data are not JSON");
  return std::vector<Rendering>{{.name = std::string(event.type), .payload = std::string(event.data)}};
}

bool MayShow(const EventView& event, const model::NameFilter& filter) {
  return model::MayShow(event, model::Dialect::kMultiWa, &model::KindRow::multiwa, filter);
}

}  // namespace

const model::RenderingDialect kRendering = {"multiwa", &Render, &MayShow};

absl::StatusOr<std::vector<Rendering>> Render(const EventView& event) {
  if (model::DialectOf(event) == model::Dialect::kMultiWa) return RenderOwn(event);
  const auto facts = model::FactsOf(event);
  if (!facts.ok()) return facts.status();
  std::vector<Rendering> renderings;
  for (size_t i = 0; i < facts->size(); ++i) {
    const Fact& fact = (*facts)[i];
    const absl::string_view name = model::RowOf(fact.kind).multiwa;
    if (name.empty()) continue;
    const json::object data = std::visit([&fact](const auto& what) { return DataOf(what, fact.kind); }, fact.what);
    renderings.push_back({.name = std::string(name),
                          .payload = json::serialize(data),
                          .step = model::StepOf(i, 0, true),
                          .has_neutral_value = model::LacksValues(fact)});
  }
  return renderings;
}

model::NameFilter MakeFilter(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == kAll) return model::NameFilter::All();
  }
  return model::NameFilter::Of(names);
}

std::string WriteFrame(const model::Frame& frame, absl::string_view profile) {
  const std::string position = frame.position.ToString();
  return absl::StrCat("{\"type\":\"event\",\"payload\":{\"event\":", model::Quoted(frame.rendering.name),
                      ",\"profileId\":", model::Quoted(profile), ",\"data\":", frame.rendering.payload,
                      ",\"timestamp\":\"", model::TimeText(frame.time()), "\",\"id\":\"", position, "\",\"cursor\":\"",
                      position, "\"}}");
}

}  // namespace playhead::broker::multiwa
