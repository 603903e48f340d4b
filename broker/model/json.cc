#include "broker/model/json.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "proto/whatsapp/surrogates.h"

namespace playhead::broker::model {
namespace {

absl::string_view View(const json::string& text) { return {text.data(), text.size()}; }

}  // namespace

std::optional<json::value> ParseJson(absl::string_view data) {
  std::string text(data);
  whatsapp::ReplaceLoneSurrogates(text);
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::system::error_code error;
  json::value value = json::parse(JsonView(text), error, {}, options);
  if (error) return std::nullopt;
  return value;
}

const json::value* Find(const json::value* value, absl::string_view name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const json::value* const member = value->get_object().if_contains(JsonView(name));
  return member == nullptr || member->is_null() ? nullptr : member;
}

const json::value* Find(const json::value* value, std::initializer_list<absl::string_view> names) {
  for (const absl::string_view name : names) {
    if (const json::value* const member = Find(value, name); member != nullptr) return member;
  }
  return nullptr;
}

std::string Text(const json::value* value) {
  if (value == nullptr) return "";
  if (const json::string* const text = value->if_string()) return std::string(View(*text));
  return value->is_number() ? json::serialize(*value) : "";
}

double Number(const json::value* value) {
  if (value == nullptr) return 0;
  double number = 0;
  if (const json::string* const text = value->if_string()) {
    if (!absl::SimpleAtod(View(*text), &number)) return 0;
  } else if (value->is_number()) {
    number = value->to_number<double>();
  }
  return std::isfinite(number) ? number : 0;
}

int64_t Integer(const json::value* value) {
  if (value == nullptr) return 0;
  if (const int64_t* const number = value->if_int64()) return *number;
  if (value->is_object()) {
    const uint64_t low = static_cast<uint32_t>(Integer(Find(value, "low")));
    const uint64_t high = static_cast<uint32_t>(Integer(Find(value, "high")));
    return static_cast<int64_t>(high << 32 | low);
  }
  if (const json::string* const text = value->if_string()) {
    int64_t number = 0;
    return absl::SimpleAtoi(View(*text), &number) ? number : 0;
  }
  constexpr double kExactMax = 9007199254740992;  // 2^53
  const double number = Number(value);
  return std::abs(number) <= kExactMax ? static_cast<int64_t>(number) : 0;
}

bool Flag(const json::value* value) {
  const bool* const flag = value == nullptr ? nullptr : value->if_bool();
  return flag != nullptr && *flag;
}

int64_t Seconds(const json::value* value) {
  int64_t seconds = Integer(value);
  if (seconds == 0 && value != nullptr && value->is_string()) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(absl::RFC3339_full, View(value->get_string()), &time, &error))
      seconds = absl::ToUnixSeconds(time);
  }
  return seconds < 0 || seconds > kSecondsMax ? 0 : seconds;
}

const json::array& Elements(const json::value* value) {
  static const json::array& none = *new json::array();
  const json::array* const array = value == nullptr ? nullptr : value->if_array();
  return array == nullptr ? none : *array;
}

std::string Quoted(absl::string_view text) { return json::serialize(JsonView(text)); }

std::string TimeText(int64_t microseconds) {
  const int64_t time = std::clamp<int64_t>(microseconds, 0, kSecondsMax * 1'000'000 + 999'999);
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

}  // namespace playhead::broker::model
