#include "proto/whatsapp/json_reader.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "proto/whatsapp/surrogates.h"

namespace playhead::whatsapp {
namespace {

// The last second of the year 9999, the maximum of google.protobuf.Timestamp.
constexpr double kSecondsMax = 253402300799;

// Larger documents get temporary buffers, so that no thread keeps those of one large event for ever: a parser takes
// about five times the size of its document.
constexpr size_t kKeptBytesMax = size_t{64} << 10;

struct Buffers {
  simdjson::ondemand::parser parser;
  std::string padded;
};

Reading ReadingOf(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return Reading::kDone;
    case simdjson::INCORRECT_TYPE:
    case simdjson::NUMBER_ERROR:
    case simdjson::NUMBER_OUT_OF_RANGE:
      return Reading::kWrongKind;
    default:
      return Reading::kDamaged;
  }
}

Reading ForEachFieldOf(simdjson::ondemand::object& object, FieldVisitor visit) {
  for (auto each : object) {
    simdjson::ondemand::field field;
    std::string_view key;
    if (std::move(each).get(field) || field.unescaped_key().get(key)) return Reading::kDamaged;
    bool null = false;
    if (field.value().is_null().get(null) == simdjson::SUCCESS && null) continue;
    if (const Reading reading = visit(key, field.value()); reading != Reading::kDone) return reading;
  }
  return Reading::kDone;
}

Reading ReadDocument(absl::string_view data, Buffers& buffers, FieldVisitor visit) {
  std::string& padded = buffers.padded;
  padded.reserve(data.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(data.data(), data.size());
  ReplaceLoneSurrogates(padded);
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (buffers.parser.iterate(padded).get(document)) return Reading::kDamaged;
  if (const auto error = document.get_object().get(object)) return ReadingOf(error);
  if (const Reading reading = ForEachFieldOf(object, visit); reading != Reading::kDone) return reading;
  const char* rest = nullptr;  // Not set if nothing follows the object: the call then returns OUT_OF_BOUNDS.
  return document.current_location().get(rest) == simdjson::OUT_OF_BOUNDS ? Reading::kDone : Reading::kDamaged;
}

}  // namespace

Reading ReadDocument(absl::string_view data, FieldVisitor visit) {
  if (data.size() > kKeptBytesMax) {
    Buffers buffers;
    return ReadDocument(data, buffers, visit);
  }
  thread_local Buffers buffers;
  return ReadDocument(data, buffers, visit);
}

Reading ForEachField(Value& object, FieldVisitor visit) {
  simdjson::ondemand::object fields;
  if (const auto error = object.get_object().get(fields)) return ReadingOf(error);
  return ForEachFieldOf(fields, visit);
}

Reading ForEachElement(Value& array, absl::FunctionRef<Reading(Value& element)> visit) {
  simdjson::ondemand::array elements;
  if (const auto error = array.get_array().get(elements)) return ReadingOf(error);
  for (auto each : elements) {
    Value element;
    if (std::move(each).get(element)) return Reading::kDamaged;
    bool null = false;
    if (element.is_null().get(null) == simdjson::SUCCESS && null) continue;
    if (const Reading reading = visit(element); reading != Reading::kDone) return reading;
  }
  return Reading::kDone;
}

Reading ReadText(Value& value, std::string& text) {
  std::string_view read;
  if (const auto error = value.get_string().get(read); error != simdjson::INCORRECT_TYPE) {
    text = read;
    return ReadingOf(error);
  }
  read = value.raw_json_token();
  double number;
  if (const auto error = value.get_double().get(number)) return ReadingOf(error);
  const absl::string_view digits = absl::StripAsciiWhitespace(absl::string_view(read.data(), read.size()));
  text.assign(digits.data(), digits.size());
  return Reading::kDone;
}

Reading ReadNumber(Value& value, double& number) {
  auto error = value.get_double().get(number);
  if (error == simdjson::INCORRECT_TYPE) error = value.get_double_in_string().get(number);
  return ReadingOf(error);
}

Reading ReadNumber(Value& value, int32_t& number) {
  double read;
  if (const Reading reading = ReadNumber(value, read); reading != Reading::kDone) return reading;
  if (read != std::trunc(read) || read < std::numeric_limits<int32_t>::min() ||
      read > std::numeric_limits<int32_t>::max()) {
    return Reading::kWrongKind;
  }
  number = static_cast<int32_t>(read);
  return Reading::kDone;
}

Reading ReadFlag(Value& value, bool& flag) { return ReadingOf(value.get_bool().get(flag)); }

Reading ReadTime(Value& value, google::protobuf::Timestamp& time) {
  double seconds;  // Exact: all valid values are below 2^53.
  if (const Reading reading = ReadNumber(value, seconds); reading != Reading::kDone) return reading;
  if (seconds != std::trunc(seconds) || seconds < 0 || seconds > kSecondsMax) return Reading::kWrongKind;
  time.set_seconds(static_cast<int64_t>(seconds));
  return Reading::kDone;
}

}  // namespace playhead::whatsapp
