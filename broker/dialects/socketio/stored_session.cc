#include "broker/dialects/socketio/stored_session.h"

#include <boost/json/serialize.hpp>

#include "broker/model/json.h"

namespace playhead::broker::socketio {
namespace {

namespace json = model::json;

}  // namespace

std::string EncodeSession(const StoredSession& session) {
  json::array names;
  for (const std::string& name : session.names) names.emplace_back(name);
  json::object value = {
      {"namespace", session.name_space}, {"names", std::move(names)}, {"position", session.position.ToString()}};
  if (!session.sid.empty()) value["sid"] = session.sid;
  if (!session.acked_key.empty()) value["acked"] = session.acked_key;
  return json::serialize(value);
}

std::optional<StoredSession> DecodeSession(absl::string_view value) {
  const std::optional<json::value> parsed = model::ParseJson(value);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  StoredSession session;
  session.name_space = model::Text(model::Find(&*parsed, "namespace"));
  for (const json::value& name : model::Elements(model::Find(&*parsed, "names"))) {
    session.names.push_back(model::Text(&name));
  }
  session.sid = model::Text(model::Find(&*parsed, "sid"));
  session.acked_key = model::Text(model::Find(&*parsed, "acked"));
  const auto position = model::ParsePosition(model::Text(model::Find(&*parsed, "position")));
  if (!position) return std::nullopt;
  session.position = *position;
  return session;
}

}  // namespace playhead::broker::socketio
