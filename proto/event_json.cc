#include "proto/event_json.h"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/errors.h"

namespace playhead {
namespace {

namespace ondemand = simdjson::ondemand;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kEventInvalid, message); }

void AppendOnOneLine(absl::string_view json, std::string& out) {
  for (const char c : json) {
    if (c != '\n' && c != '\r') out.push_back(c);
  }
}

absl::Status ReadAttributes(ondemand::value value, EventFields& event) {
  ondemand::object object;
  if (value.get_object().get(object) != 0) return Invalid("attributes is not an object");
  for (auto field : object) {
    std::string_view key;
    ondemand::value attribute;
    if (field.unescaped_key().get(key) != 0) return Invalid("an attribute's key is not good UTF-8");
    event.attributes.emplace_back(std::string(key), "");
    if (field.value().get(attribute) != 0) return Invalid("not JSON");
    if (absl::Status status = ReadJsonText("an attribute", attribute, event.attributes.back().second); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status ReadPayload(absl::string_view name, ondemand::value value, std::string& data) {
  if (name == "data") {
    data = std::string(RawJson(value));
    return absl::OkStatus();
  }
  std::string text;
  if (absl::Status status = ReadJsonText(name, value, text); !status.ok()) return status;
  return absl::Base64Unescape(text, &data) ? absl::OkStatus() : Invalid("data_base64 is not base64");
}

absl::Status ReadField(absl::string_view name, ondemand::value value, EventFields& event, bool& has_data) {
  if (name == "instance") return ReadJsonText(name, value, event.instance);
  if (name == "type") return ReadJsonText(name, value, event.type);
  if (name == "id") return ReadJsonText(name, value, event.id);
  if (name == "created_at") return ReadJsonTime(name, value, event.created_at);
  if (name == "attributes") return ReadAttributes(value, event);
  if (name == "cursor" || name == "appended_at") {
    event.has_broker_fields = true;
    return absl::OkStatus();
  }
  if (name != "data" && name != "data_base64") return Invalid(absl::StrCat("unknown field ", name));
  if (has_data) return Invalid("has more than one payload");
  has_data = true;
  return ReadPayload(name, value, event.data);
}

}  // namespace

std::string JsonString(absl::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::string FormatMicros(int64_t micros) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E6SZ", absl::FromUnixMicros(micros), absl::UTCTimeZone());
}

std::optional<int64_t> ParseMicros(absl::string_view text) {
  // Abseil would also accept leading blanks and infinity.
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text.front()))) return std::nullopt;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  return absl::ToUnixMicros(time);
}

void AppendEventJson(absl::string_view instance, const EventView& event, DataLineBreaks breaks, std::string& out) {
  absl::StrAppend(&out, "{\"instance\":", JsonString(instance), ",\"cursor\":", event.cursor,
                  ",\"type\":", JsonString(event.type));
  if (!event.id.empty()) absl::StrAppend(&out, ",\"id\":", JsonString(event.id));
  if (event.created_at != 0) absl::StrAppend(&out, ",\"created_at\":\"", FormatMicros(event.created_at), "\"");
  absl::StrAppend(&out, ",\"appended_at\":\"", FormatMicros(event.appended_at), "\"");
  if (!event.attributes.empty()) {
    const char* separator = ",\"attributes\":{";
    for (const auto& [key, value] : event.attributes) {
      absl::StrAppend(&out, separator, JsonString(key), ":", JsonString(value));
      separator = ",";
    }
    out += '}';
  }
  if (!IsJson(event.data)) {
    absl::StrAppend(&out, ",\"data_base64\":\"", absl::Base64Escape(event.data), "\"}");
    return;
  }
  out += ",\"data\":";
  if (breaks == DataLineBreaks::kKeep) {
    out.append(event.data.data(), event.data.size());
  } else {
    AppendOnOneLine(event.data, out);
  }
  out += '}';
}

void AppendEventLine(absl::string_view instance, const EventView& event, std::string& out) {
  AppendEventJson(instance, event, DataLineBreaks::kTakeOut, out);
  out += '\n';
}

absl::Status ReadJsonText(absl::string_view name, ondemand::value value, std::string& text) {
  std::string_view view;
  if (value.get_string().get(view) != 0) return Invalid(absl::StrCat(name, " is not a string"));
  text = std::string(view);
  return absl::OkStatus();
}

absl::Status ReadJsonTime(absl::string_view name, ondemand::value value, int64_t& micros) {
  if (value.get_int64().get(micros) == 0) return absl::OkStatus();
  std::string_view text;
  const auto parsed = value.get_string().get(text) == 0 ? ParseMicros(View(text)) : std::nullopt;
  if (!parsed) return Invalid(absl::StrCat(name, " is neither RFC 3339 nor microseconds"));
  micros = *parsed;
  return absl::OkStatus();
}

absl::Status ReadEventFields(ondemand::value value, EventFields& event) {
  event = EventFields();
  ondemand::object object;
  if (value.get_object().get(object) != 0) return Invalid("not a JSON object");
  bool has_data = false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value member;
    if (field.unescaped_key().get(key) != 0) return Invalid("a field's name is not good UTF-8");
    const std::string name(key);
    if (field.value().get(member) != 0) return Invalid("not JSON");
    if (absl::Status status = ReadField(name, member, event, has_data); !status.ok()) return status;
  }
  if (!has_data) return Invalid("has neither data nor data_base64");
  if (event.type.empty()) return Invalid("has no type");
  return absl::OkStatus();
}

absl::Status EventJsonReader::Read(absl::string_view text, EventFields& event) {
  if (!document_.Load(text)) return Invalid("not JSON");
  return ReadEventFields(document_.root(), event);
}

}  // namespace playhead
