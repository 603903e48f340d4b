#include "broker/http_api/cloud_event.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/http_api/media_type.h"
#include "proto/errors.h"
#include "proto/json_document.h"

namespace playhead::broker::http_api {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr absl::string_view kHeaderPrefix = "ce-";
constexpr absl::string_view kContentType = "datacontenttype";

// The attributes of a CloudEvent, by their names.
using Context = absl::btree_map<std::string, std::string>;

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kEventInvalid, message); }

bool IsAttributeName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) || absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

// Unquotes a quoted string (RFC 9110, 5.6.4), as the HTTP binding requires (3.1.3.2); returns any other value as it is.
// nullopt if the closing quote is missing or not at the end.
std::optional<std::string> Unquoted(absl::string_view value) {
  if (value.empty() || value.front() != '"') return std::string(value);
  std::string out;
  for (size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') return i + 1 == value.size() ? std::optional(out) : std::nullopt;
    if (value[i] == '\\' && ++i == value.size()) break;
    out += value[i];
  }
  return std::nullopt;
}

// Removes and returns an attribute of `context`; empty if it is not there.
std::string Take(Context& context, absl::string_view name) {
  const auto found = context.find(name);
  if (found == context.end()) return "";
  std::string value = std::move(found->second);
  context.erase(found);
  return value;
}

// Fills in the event, except its data.
absl::Status ToEvent(Context context, EventFields& event) {
  if (Take(context, "specversion") != "1.0") return Invalid("specversion is not 1.0");
  const std::string id = Take(context, "id");
  if (id.empty()) return Invalid("has no id");
  const auto source = context.find("source");
  if (source == context.end() || source->second.empty()) return Invalid("has no source");
  // A URI reference has no spaces, so the id's boundary is unambiguous.
  if (absl::StrContains(source->second, " ")) return Invalid("source is not a URI reference");
  event.id = absl::StrCat(source->second, " ", id);
  event.type = Take(context, "type");
  if (event.type.empty()) return Invalid("has no type");
  const std::string time = Take(context, "time");
  if (!time.empty()) {
    const auto parsed = ParseMicros(time);
    if (!parsed) return Invalid("time is not RFC 3339");
    event.created_at = *parsed;
  }
  const std::string content_type = Take(context, kContentType);
  if (!content_type.empty()) event.attributes.emplace_back("content-type", content_type);
  for (auto& [name, value] : context) event.attributes.emplace_back(absl::StrCat(kHeaderPrefix, name), value);
  return absl::OkStatus();
}

bool IsJsonType(absl::string_view content_type) {
  const std::string type = MediaTypeOf(content_type);
  return type.empty() || absl::EndsWith(type, "/json") || absl::EndsWith(type, "+json");
}

// Reads a string, or a value with a canonical form as a string (CloudEvents 1.0, 3).
absl::Status ReadAttribute(const std::string& name, ondemand::value value, Context& context) {
  ondemand::json_type type;
  if (value.type().get(type) != 0) return Invalid("not JSON");
  if (!IsAttributeName(name)) {
    return Invalid(absl::StrCat("attribute ", name, ": names are of lower-case letters and digits"));
  }
  if (context.contains(name)) return Invalid(absl::StrCat("has more than one ", name));
  switch (type) {
    case ondemand::json_type::string:
      return ReadJsonText(name, value, context[name]);
    case ondemand::json_type::boolean:
    case ondemand::json_type::number:
      context[name] = std::string(RawJson(value));
      return absl::OkStatus();
    case ondemand::json_type::null:
      return absl::OkStatus();
    default:
      return Invalid(absl::StrCat("attribute ", name, " is neither a string, a number nor a boolean"));
  }
}

absl::Status ReadBase64(ondemand::value value, std::string& data) {
  std::string text;
  if (absl::Status status = ReadJsonText("data_base64", value, text); !status.ok()) return status;
  return absl::Base64Unescape(text, &data) ? absl::OkStatus() : Invalid("data_base64 is not base64");
}

// Data that is not JSON may be given as a JSON string; this replaces it by the string's value.
absl::Status UnquoteText(std::string& data) {
  if (!absl::StartsWith(data, "\"")) return absl::OkStatus();
  JsonDocument document;
  std::string text;
  if (!document.Load(data)) return Invalid("not JSON");
  absl::Status status = ReadJsonText("data", document.root(), text);
  if (status.ok()) data = std::move(text);
  return status;
}

// Decodes percent-encoding, used for what a header cannot contain (CloudEvents HTTP binding 1.0, 3.1.3.2).
std::optional<std::string> PercentDecoded(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const absl::string_view code = text.substr(i + 1, 2);
    const bool good = code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) {
                        return absl::ascii_isxdigit(static_cast<unsigned char>(c));
                      });
    if (!good) return std::nullopt;
    out += absl::HexStringToBytes(code);
    i += 2;
  }
  return out;
}

}  // namespace

absl::Status ReadCloudEvent(ondemand::value value, EventFields& event) {
  event = EventFields();
  ondemand::object object;
  if (value.get_object().get(object) != 0) return Invalid("not a JSON object");
  Context context;
  bool has_data = false;
  bool is_base64 = false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value member;
    if (field.unescaped_key().get(key) != 0) return Invalid("a field's name is not good UTF-8");
    const std::string name(key);
    if (field.value().get(member) != 0) return Invalid("not JSON");
    if (name != "data" && name != "data_base64") {
      if (absl::Status status = ReadAttribute(name, member, context); !status.ok()) return status;
      continue;
    }
    if (std::exchange(has_data, true)) return Invalid("has more than one payload");
    is_base64 = name == "data_base64";
    absl::Status status;
    if (is_base64) {
      status = ReadBase64(member, event.data);
    } else {
      event.data = std::string(RawJson(member));
    }
    if (!status.ok()) return status;
  }
  if (has_data && !is_base64 && context.contains(kContentType) && !IsJsonType(context[std::string(kContentType)])) {
    if (absl::Status status = UnquoteText(event.data); !status.ok()) return status;
  }
  return ToEvent(std::move(context), event);
}

bool IsBinaryCloudEvent(const boost::beast::http::fields& headers) {
  return headers.find("ce-specversion") != headers.end();
}

absl::Status ReadBinaryCloudEvent(const boost::beast::http::fields& headers, absl::string_view body,
                                  EventFields& event) {
  event = EventFields();
  Context context;
  for (const auto& header : headers) {
    std::string name = absl::AsciiStrToLower({header.name_string().data(), header.name_string().size()});
    const absl::string_view value(header.value().data(), header.value().size());
    if (name == "content-type") {
      context[std::string(kContentType)] = std::string(value);
      continue;
    }
    absl::string_view attribute = name;
    if (!absl::ConsumePrefix(&attribute, kHeaderPrefix)) continue;
    if (!IsAttributeName(attribute) || attribute == kContentType) {
      return Invalid(absl::StrCat("header ", name, ": names are of lower-case letters and digits"));
    }
    const auto unquoted = Unquoted(value);
    if (!unquoted) return Invalid(absl::StrCat("header ", name, " has a quoted string without an end"));
    const auto text = PercentDecoded(*unquoted);
    if (!text) return Invalid(absl::StrCat("header ", name, " has a bad %-code"));
    if (!context.try_emplace(std::string(attribute), *text).second) {
      return Invalid(absl::StrCat("has more than one header ", name));
    }
  }
  event.data = std::string(body);
  return ToEvent(std::move(context), event);
}

}  // namespace playhead::broker::http_api
