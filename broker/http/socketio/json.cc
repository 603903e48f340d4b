#include "broker/http/socketio/json.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "absl/strings/ascii.h"

namespace playhead::broker::http::socketio {
namespace {

namespace json = boost::json;

json::string_view View(absl::string_view text) { return {text.data(), text.size()}; }

std::optional<json::value> Parse(absl::string_view text) {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  json::error_code error;
  json::value value = json::parse(View(text), error, {}, options);
  if (error) return std::nullopt;
  return value;
}

bool Fits(const json::value& value, size_t count) {
  if (const json::array* const array = value.if_array()) {
    return std::all_of(array->begin(), array->end(), [count](const json::value& item) { return Fits(item, count); });
  }
  const json::object* const object = value.if_object();
  if (object == nullptr) return true;
  const json::value* const mark = object->if_contains("_placeholder");
  if (mark != nullptr && mark->is_bool() && mark->get_bool()) {
    const json::value* const number = object->if_contains("num");
    if (number == nullptr || !number->is_int64()) return false;
    return number->get_int64() >= 0 && static_cast<uint64_t>(number->get_int64()) < count;
  }
  return std::all_of(object->begin(), object->end(),
                     [count](const auto& member) { return Fits(member.value(), count); });
}

}  // namespace

std::optional<JsonKind> CheckJson(absl::string_view text) {
  const std::optional<json::value> value = Parse(text);
  if (!value) return std::nullopt;
  switch (value->kind()) {
    case json::kind::object:
      return JsonKind::kObject;
    case json::kind::array:
      return JsonKind::kArray;
    case json::kind::string:
      return JsonKind::kString;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return JsonKind::kNumber;
    default:
      return JsonKind::kOther;
  }
}

bool PlaceholdersFit(absl::string_view text, size_t count) {
  const std::optional<json::value> value = Parse(text);
  return value && Fits(*value, count);
}

std::vector<absl::string_view> Elements(absl::string_view array) {
  array = absl::StripAsciiWhitespace(array);
  std::vector<absl::string_view> elements;
  bool in_string = false;
  int depth = 0;
  size_t begin = 1;
  for (size_t i = 0; i < array.size(); ++i) {
    const char c = array[i];
    if (in_string) {
      if (c == '\\') {
        ++i;  // The next character is escaped.
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '[' || c == '{') ++depth;
    if (c == ']' || c == '}') --depth;
    if (depth > 1 || (c != ',' && depth > 0)) continue;
    // The end of an element, or of the array. Only an empty array has nothing before its end.
    const absl::string_view element = absl::StripAsciiWhitespace(array.substr(begin, i - begin));
    if (!element.empty()) elements.push_back(element);
    begin = i + 1;
  }
  return elements;
}

std::optional<std::string> StringValue(absl::string_view text) {
  const std::optional<json::value> value = Parse(text);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::string Quoted(absl::string_view text) { return json::serialize(View(text)); }

}  // namespace playhead::broker::http::socketio
