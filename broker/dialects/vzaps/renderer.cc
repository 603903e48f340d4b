#include "broker/dialects/vzaps/renderer.h"

#include <boost/json/serialize.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/model/facts.h"
#include "broker/model/json.h"
#include "broker/model/view.h"

namespace playhead::broker::vzaps {
namespace {

namespace json = boost::json;
using model::Fact;
using model::Kind;
using model::Rendering;

absl::string_view StateOf(const Fact& fact) {
  switch (fact.kind) {
    case Kind::kStatusDelivered:
      return "Delivered";
    case Kind::kStatusRead:
    case Kind::kStatusPlayed:
      return std::get<model::Status>(fact.what).from_me ? "Read" : "ReadSelf";
    case Kind::kPresenceUser:
      return std::get<model::Presence>(fact.what).state == "unavailable" ? "offline" : "online";
    case Kind::kPresenceChat:
      return std::get<model::Presence>(fact.what).state;
    default:
      return "";
  }
}

std::string DataOf(const Fact& fact, absl::string_view type) {
  json::object data = {{"type", model::JsonView(type)}};
  json::value view = model::ViewOf(fact);
  if (!view.is_object()) view = json::object{{"value", std::move(view)}};
  data.emplace("event", std::move(view));
  if (const absl::string_view state = StateOf(fact); !state.empty()) data.emplace("state", model::JsonView(state));
  const auto* const message = std::get_if<model::Message>(&fact.what);
  if (message != nullptr && message->media && !message->media->url.empty()) {
    data.emplace("media_url", message->media->url);
  }
  return json::serialize(data);
}

// Renders an event that was published in this dialect.
absl::StatusOr<std::vector<Rendering>> RenderOwn(const EventView& event) {
  if (absl::EqualsIgnoreCase(event.type, kAllEvents))
    return absl::InvalidArgumentError("the type stands for all types here");
  const std::optional<json::value> data = model::ParseJson(event.data);
  if (!data) return absl::InvalidArgumentError("the data are not JSON");
  Rendering rendering{.name = std::string(event.type)};
  rendering.payload = data->is_object() ? std::string(event.data) : absl::StrCat("{\"value\":", event.data, "}");
  return std::vector<Rendering>{std::move(rendering)};
}

bool MayShow(const EventView& event, const model::NameFilter& filter) {
  return model::MayShow(event, model::Dialect::kVZaps, &model::KindRow::vzaps, filter);
}

}  // namespace

const model::RenderingDialect kRendering = {"vzaps", &Render, &MayShow};

absl::StatusOr<std::vector<Rendering>> Render(const EventView& event) {
  if (model::DialectOf(event) == model::Dialect::kVZaps) return RenderOwn(event);
  const auto facts = model::FactsOf(event);
  if (!facts.ok()) return facts.status();
  std::vector<Rendering> renderings;
  for (size_t i = 0; i < facts->size(); ++i) {
    const Fact& fact = (*facts)[i];
    const absl::string_view type = model::RowOf(fact.kind).vzaps;
    if (type.empty()) continue;
    renderings.push_back({.name = std::string(type),
                          .payload = DataOf(fact, type),
                          .step = model::StepOf(i, 0, true),
                          .has_neutral_value = model::LacksValues(fact)});
  }
  return renderings;
}

model::NameFilter MakeFilter(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name.empty() || absl::EqualsIgnoreCase(name, kAllEvents)) return model::NameFilter::All();
  }
  if (names.empty()) return model::NameFilter::All();
  return model::NameFilter::Of(names, model::NameFilter::Case::kIgnored);
}

std::string WriteFrame(const model::Frame& frame, absl::string_view instance) {
  const std::string type = model::Quoted(frame.rendering.name);
  std::string head = absl::StrCat("{\"id\":\"", frame.position.ToString(), "\",\"type\":", type,
                                  ",\"instance_id\":", model::Quoted(instance), ",\"created_at\":\"",
                                  model::TimeText(frame.time()), "\",\"data\":");
  const size_t bytes = head.size() + frame.rendering.payload.size() + 1;
  if (bytes <= kFrameBytesMax) return absl::StrCat(head, frame.rendering.payload, "}");
  return absl::StrCat(head, "{\"type\":", type, ",\"truncated\":true,\"bytes\":", bytes, "}}");
}

}  // namespace playhead::broker::vzaps
