#include "proto/json_document.h"

#include <cstddef>
#include <string_view>

#include "absl/strings/ascii.h"

namespace playhead {
namespace {

namespace ondemand = simdjson::ondemand;

bool IsDigitAt(std::string_view text, size_t at) { return at < text.size() && absl::ascii_isdigit(text[at]); }

void SkipDigits(std::string_view text, size_t& at) {
  while (IsDigitAt(text, at)) ++at;
}

bool IsNumber(std::string_view text) {
  size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  if (!IsDigitAt(text, at)) return false;
  if (text[at] == '0') {
    ++at;
  } else {
    SkipDigits(text, at);
  }
  if (at < text.size() && text[at] == '.') {
    if (!IsDigitAt(text, ++at)) return false;
    SkipDigits(text, at);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!IsDigitAt(text, at)) return false;
    SkipDigits(text, at);
  }
  return at == text.size();
}

// `at` is after the opening quote. The parser's first stage has found the closing quote, and has checked that the text
// is UTF-8 without control characters, so only escapes are left to check.
bool HasGoodEscapes(const char* at) {
  for (; *at != '"'; ++at) {
    if (*at != '\\') continue;
    ++at;
    if (*at == 'u') {
      for (int i = 0; i < 4; ++i) {
        if (!absl::ascii_isxdigit(static_cast<unsigned char>(*++at))) return false;
      }
    } else if (std::string_view("\"\\/bfnrt").find(*at) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

// simdjson's raw tokens include trailing blanks.
std::string_view WithoutBlanks(std::string_view token) {
  const size_t last = token.find_last_not_of(" \t\r\n");
  return token.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool CheckScalar(std::string_view token, ondemand::json_type type) {
  token = WithoutBlanks(token);
  switch (type) {
    case ondemand::json_type::number:
      return IsNumber(token);
    case ondemand::json_type::boolean:
      return token == "true" || token == "false";
    case ondemand::json_type::null:
      return token == "null";
    default:
      return false;
  }
}

bool CheckValue(ondemand::value value, int depth);

bool CheckObject(ondemand::object object, int depth) {
  for (auto member : object) {
    ondemand::raw_json_string key;
    ondemand::value value;
    if (member.key().get(key) != 0 || !HasGoodEscapes(key.raw())) return false;
    if (member.value().get(value) != 0 || !CheckValue(value, depth)) return false;
  }
  return true;
}

bool CheckArray(ondemand::array array, int depth) {
  for (auto element : array) {
    ondemand::value value;
    if (element.get(value) != 0 || !CheckValue(value, depth)) return false;
  }
  return true;
}

bool CheckValue(ondemand::value value, int depth) {
  if (depth == 0) return false;
  ondemand::json_type type;
  if (value.type().get(type) != 0) return false;
  ondemand::object object;
  ondemand::array array;
  ondemand::raw_json_string text;
  switch (type) {
    case ondemand::json_type::object:
      return value.get_object().get(object) == 0 && CheckObject(object, depth - 1);
    case ondemand::json_type::array:
      return value.get_array().get(array) == 0 && CheckArray(array, depth - 1);
    case ondemand::json_type::string:
      return value.get_raw_json_string().get(text) == 0 && HasGoodEscapes(text.raw());
    default:
      // raw_json_token does not consume the value; the iterator skips it.
      return CheckScalar(value.raw_json_token(), type);
  }
}

// Whether anything follows the document's value.
bool HasMore(ondemand::document& document) {
  const char* location;
  return document.current_location().get(location) == 0;
}

// Threads keep the document of IsJson for reuse only if the text is at most this long.
constexpr size_t kKeptBytesMax = size_t{256} << 10;

}  // namespace

bool IsJsonObject(ondemand::document& document) {
  ondemand::object object;
  if (document.get_object().get(object) != 0 || !CheckObject(object, kJsonDepthMax - 1)) return false;
  if (HasMore(document)) return false;
  document.rewind();
  return true;
}

bool JsonDocument::Load(absl::string_view text) {
  text_.clear();
  text_.reserve(text.size() + 2 + simdjson::SIMDJSON_PADDING);
  text_ += '[';
  text_.append(text.data(), text.size());
  text_ += ']';
  ondemand::array array;
  if (parser_.iterate(text_.data(), text_.size(), text_.capacity()).get(document_) != 0) return false;
  if (document_.get_array().get(array) != 0) return false;
  int elements = 0;
  for (auto element : array) {
    ondemand::value value;
    if (++elements > 1 || element.get(value) != 0 || !CheckValue(value, kJsonDepthMax)) return false;
  }
  return elements == 1 && !HasMore(document_);
}

ondemand::value JsonDocument::root() {
  document_.rewind();
  ondemand::array array = document_.get_array().value_unsafe();
  return (*array.begin().value_unsafe()).value_unsafe();
}

absl::string_view RawJson(ondemand::value value) {
  std::string_view raw;
  ondemand::object object;
  ondemand::array array;
  if (value.get_object().get(object) == 0) {
    raw = object.raw_json().value_unsafe();
  } else if (value.get_array().get(array) == 0) {
    raw = array.raw_json().value_unsafe();
  } else {
    raw = value.raw_json_token();
  }
  raw = WithoutBlanks(raw);
  return {raw.data(), raw.size()};
}

bool IsJson(absl::string_view text) {
  if (text.size() > kKeptBytesMax) return JsonDocument().Load(text);
  thread_local JsonDocument document;
  return document.Load(text);
}

}  // namespace playhead
