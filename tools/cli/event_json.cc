#include "tools/cli/event_json.h"

#include <simdjson.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

namespace json = boost::json;

// Takes every token and keeps none: what remains of a parser is a check of the syntax.
struct NullHandler {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t, json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t, json::error_code&) { return true; }
  bool on_key_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_key(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, json::error_code&) { return true; }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return true; }
  bool on_double(double, json::string_view, json::error_code&) { return true; }
  bool on_bool(bool, json::error_code&) { return true; }
  bool on_null(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

// Deeper than this and a payload is shown as bytes.
constexpr std::size_t kDepthMax = 256;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Appends JSON on one line. A line break can only stand between tokens: within a string JSON escapes it.
void AppendOnOneLine(absl::string_view json, std::string& out) {
  for (const char c : json) {
    if (c != '\n' && c != '\r') out.push_back(c);
  }
}

}  // namespace

bool IsJson(absl::string_view text) {
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::basic_parser<NullHandler> parser(options);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  return !error && used == text.size() && parser.done();
}

std::string JsonString(absl::string_view text) { return json::serialize(json::string_view(text.data(), text.size())); }

void AppendEventJson(absl::string_view instance, const EventView& event, std::string& out) {
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
  if (IsJson(event.data)) {
    out += ",\"data\":";
    AppendOnOneLine(event.data, out);
    out += "}\n";
  } else {
    absl::StrAppend(&out, ",\"data_base64\":\"", absl::Base64Escape(event.data), "\"}\n");
  }
}

class EventJsonReader::Parser {
 public:
  absl::Status Read(absl::string_view line, Event& event) {
    event = Event();
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    padded_ = simdjson::padded_string(line.data(), line.size());
    if (const auto error = parser_.iterate(padded_).get(document); error != 0) return Bad("not JSON", error);
    if (const auto error = document.get_object().get(object); error != 0) return Bad("not a JSON object", error);
    bool has_data = false;
    for (auto field : object) {
      std::string_view key;
      simdjson::ondemand::value value;
      if (const auto error = field.unescaped_key().get(key); error != 0) return Bad("not JSON", error);
      const std::string name(key);
      if (const auto error = field.value().get(value); error != 0) return Bad("not JSON", error);
      if (absl::Status status = ReadField(name, value, event, has_data); !status.ok()) return status;
    }
    if (!has_data) return UsageError("has neither data nor data_base64");
    if (event.type.empty()) return UsageError("has no type");
    return absl::OkStatus();
  }

 private:
  static absl::Status Bad(absl::string_view what, simdjson::error_code error) {
    return UsageError(absl::StrCat(what, " (", simdjson::error_message(error), ")"));
  }

  static absl::Status ReadText(absl::string_view name, simdjson::ondemand::value value, std::string& text) {
    std::string_view view;
    if (const auto error = value.get_string().get(view); error != 0)
      return Bad(absl::StrCat(name, " is not a string"), error);
    text = std::string(view);
    return absl::OkStatus();
  }

  static absl::Status ReadTime(simdjson::ondemand::value value, int64_t& micros) {
    if (value.get_int64().get(micros) == 0) return absl::OkStatus();
    std::string_view text;
    if (value.get_string().get(text) == 0) {
      if (const auto time = ParseTime(View(text)); time.has_value()) {
        micros = absl::ToUnixMicros(*time);
        return absl::OkStatus();
      }
    }
    return UsageError("created_at is neither RFC 3339 nor microseconds");
  }

  static absl::Status ReadData(simdjson::ondemand::value value, std::string& data) {
    std::string_view raw;
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type); error != 0) return Bad("data is not JSON", error);
    simdjson::error_code error = simdjson::SUCCESS;
    if (type == simdjson::ondemand::json_type::object) {
      simdjson::ondemand::object object;
      error = value.get_object().get(object);
      if (error == 0) error = object.raw_json().get(raw);
    } else if (type == simdjson::ondemand::json_type::array) {
      simdjson::ondemand::array array;
      error = value.get_array().get(array);
      if (error == 0) error = array.raw_json().get(raw);
    } else {
      raw = value.raw_json_token();
    }
    // A scalar's token comes with the white space behind it.
    while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\t' || raw.back() == '\r')) raw.remove_suffix(1);
    if (error != 0 || !IsJson(View(raw))) return Bad("data is not JSON", error);
    data = std::string(raw);
    return absl::OkStatus();
  }

  static absl::Status ReadAttributes(simdjson::ondemand::value value, Event& event) {
    simdjson::ondemand::object object;
    if (const auto error = value.get_object().get(object); error != 0) return Bad("attributes is not an object", error);
    for (auto field : object) {
      std::string_view key;
      simdjson::ondemand::value attribute;
      if (const auto error = field.unescaped_key().get(key); error != 0) return Bad("not JSON", error);
      event.attributes.emplace_back(std::string(key), "");
      if (const auto error = field.value().get(attribute); error != 0) return Bad("not JSON", error);
      if (absl::Status status = ReadText("an attribute", attribute, event.attributes.back().second); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  static absl::Status ReadField(const std::string& name, simdjson::ondemand::value value, Event& event,
                                bool& has_data) {
    if (name == "instance") return ReadText(name, value, event.instance);
    if (name == "type") return ReadText(name, value, event.type);
    if (name == "id") return ReadText(name, value, event.id);
    if (name == "created_at") return ReadTime(value, event.created_at);
    if (name == "attributes") return ReadAttributes(value, event);
    if (name == "cursor" || name == "appended_at") return absl::OkStatus();
    if (name != "data" && name != "data_base64") return UsageError(absl::StrCat("unknown field ", name));
    if (has_data) return UsageError("has more than one payload");
    has_data = true;
    if (name == "data") return ReadData(value, event.data);
    std::string text;
    if (absl::Status status = ReadText(name, value, text); !status.ok()) return status;
    if (!absl::Base64Unescape(text, &event.data)) return UsageError("data_base64 is not base64");
    return absl::OkStatus();
  }

  simdjson::ondemand::parser parser_;
  simdjson::padded_string padded_;
};

EventJsonReader::EventJsonReader() : parser_(std::make_unique<Parser>()) {}
EventJsonReader::~EventJsonReader() = default;

absl::Status EventJsonReader::Read(absl::string_view line, Event& event) { return parser_->Read(line, event); }

}  // namespace playhead::tools
