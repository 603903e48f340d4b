#include "broker/dialects/socketio/event_names.h"

#include <optional>

#include "broker/model/json.h"
#include "proto/errors.h"

namespace playhead::broker::socketio {
namespace {

namespace json = model::json;

bool AddNames(const json::value& value, std::vector<std::string>& names) {
  if (value.is_string()) {
    names.emplace_back(value.get_string());
    return true;
  }
  if (const json::value* const events = model::Find(&value, "events")) return AddNames(*events, names);
  if (!value.is_array()) return false;
  for (const json::value& name : value.get_array()) {
    if (!name.is_string()) return false;
    names.emplace_back(name.get_string());
  }
  return true;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ReadEventNames(absl::Span<const std::string> arguments) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    const std::optional<json::value> value = model::ParseJson(argument);
    if (!value || !AddNames(*value, names)) {
      return MakeError(Reason::kFilterInvalid,
                       R"(what is subscribed to is event names: ["messages.upsert","call"], "messages.upsert" or "*")");
    }
  }
  return names;
}

}  // namespace playhead::broker::socketio
