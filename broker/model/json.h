// Lenient reading of events' JSON: a value that is missing, or of another type than expected, is "", 0, false or
// nullptr.
//
// For rendering events, where the values matter and not their bytes. Numbers may be strings and strings numbers; null
// means missing; of duplicate keys, the last counts. All functions accept nullptr for a missing value, so that they can
// be nested.
#ifndef PLAYHEAD_BROKER_MODEL_JSON_H_
#define PLAYHEAD_BROKER_MODEL_JSON_H_

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::broker::model {

namespace json = boost::json;

// Deeper documents are not parsed; the limit is the same as for webhooks.
inline constexpr size_t kJsonDepthMax = 128;

// nullopt if `data` is not JSON in UTF-8. A lone surrogate is read as U+FFFD: it occurs where text was cut in the
// middle of an emoji, and the clients of dialects accept it.
std::optional<json::value> ParseJson(absl::string_view data);

inline json::string_view JsonView(absl::string_view text) { return {text.data(), text.size()}; }

// The member with that name; of several names, the first that exists.
const json::value* Find(const json::value* value, absl::string_view name);
const json::value* Find(const json::value* value, std::initializer_list<absl::string_view> names);

std::string Text(const json::value* value);
double Number(const json::value* value);
// Also accepts a 64-bit number as written by JavaScript libraries: {"low":…,"high":…,"unsigned":…}.
int64_t Integer(const json::value* value);
bool Flag(const json::value* value);
// Whole seconds since 1970: from a number, or a time in RFC 3339; 0 for anything else and for times after 9999.
int64_t Seconds(const json::value* value);
// Empty if the value is not an array.
const json::array& Elements(const json::value* value);

// `2026-02-05T10:00:00.000Z`. Times outside of the years 1970 to 9999 are clamped to them.
std::string TimeText(int64_t microseconds);
inline std::string SecondsText(int64_t seconds) { return TimeText(seconds * 1'000'000); }

// `text` as a JSON string, with its quotes. REQUIRES: UTF-8.
std::string Quoted(absl::string_view text);

inline constexpr int64_t kSecondsMax = 253'402'300'799;  // The end of the year 9999.

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_JSON_H_
