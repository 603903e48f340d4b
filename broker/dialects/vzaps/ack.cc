#include "broker/dialects/vzaps/ack.h"

#include <boost/json/value.hpp>

#include "broker/model/json.h"

namespace playhead::broker::vzaps {

std::optional<storage::EventId> ParseAck(absl::string_view text) {
  const std::optional<boost::json::value> frame = model::ParseJson(text);
  if (!frame || model::Text(model::Find(&*frame, "type")) != "ack") return std::nullopt;
  return storage::EventId::Parse(model::Text(model::Find(&*frame, {"event_id", "id", "eventId"})));
}

}  // namespace playhead::broker::vzaps
