#include "broker/dialects/multiwa/messages.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/model/json.h"

namespace playhead::broker::multiwa {
namespace {

namespace json = boost::json;
using model::Find;
using model::Text;

std::string NowText(absl::Time now) { return model::TimeText(absl::ToUnixMicros(now)); }

// The request id is JSON text already.
std::string Message(absl::string_view type, const json::object& payload, const RequestId& request_id) {
  std::string message = absl::StrCat("{\"type\":\"", type, "\",\"payload\":", json::serialize(payload));
  if (request_id) absl::StrAppend(&message, ",\"requestId\":", *request_id);
  message.push_back('}');
  return message;
}

}  // namespace

std::optional<ClientMessage> ParseMessage(absl::string_view text) {
  std::optional<json::value> value = model::ParseJson(text);
  if (!value || !value->is_object()) return std::nullopt;
  ClientMessage message{.type = Text(Find(&*value, "type"))};
  if (const json::value* const payload = Find(&*value, "payload"); payload != nullptr) message.payload = *payload;
  if (const json::value* const id = value->get_object().if_contains("requestId")) {
    message.request_id = json::serialize(*id);
    // The id has a number that exceeds doubles. JSON.stringify also writes null for it.
    if (!model::ParseJson(*message.request_id)) message.request_id = "null";
  }
  return message;
}

absl::StatusOr<SubscribeRequest> ReadSubscribe(const json::value& payload) {
  SubscribeRequest request;
  for (const json::value& event : model::Elements(Find(&payload, "events"))) {
    if (event.is_string()) request.events.push_back(Text(&event));
  }
  if (request.events.empty()) return absl::InvalidArgumentError("Events array is required");
  request.profile = Text(Find(&payload, "profileId"));
  if (request.profile.empty()) request.profile = Text(Find(&payload, "sessionId"));
  if (request.profile.empty()) return absl::InvalidArgumentError("profileId or sessionId is required");
  if (const json::value* const since = Find(&payload, "since"); since != nullptr) request.since = Text(since);
  return request;
}

std::string ReadAckCursor(const json::value& payload) { return Text(Find(&payload, "cursor")); }

std::string WelcomeMessage(absl::string_view client_id, absl::Time now) {
  return Message("ack",
                 {{"message", "Connected to MultiWA WebSocket API"},
                  {"clientId", model::JsonView(client_id)},
                  {"timestamp", NowText(now)}},
                 std::nullopt);
}

std::string SubscribedMessage(const SubscribeRequest& request, absl::string_view cursor, uint64_t replay,
                              const RequestId& request_id) {
  json::array events;
  for (const std::string& event : request.events) events.emplace_back(event);
  return Message("ack",
                 {{"action", "subscribed"},
                  {"profileId", request.profile},
                  {"events", std::move(events)},
                  {"cursor", model::JsonView(cursor)},
                  {"replay", replay}},
                 request_id);
}

std::string UnsubscribedMessage(const RequestId& request_id) {
  return Message("ack", json::object{{"action", "unsubscribed"}}, request_id);
}

std::string PongMessage(absl::Time now, const RequestId& request_id) {
  return Message("pong", json::object{{"timestamp", NowText(now)}}, request_id);
}

std::string ErrorMessage(absl::string_view error, const RequestId& request_id) {
  return Message("error", json::object{{"error", model::JsonView(error)}}, request_id);
}

std::string HttpErrorBody(absl::string_view code, absl::string_view message) {
  json::object error = {{"code", model::JsonView(code)}, {"message", model::JsonView(message)}};
  json::object body = {{"success", false}};
  body.emplace("error", std::move(error));
  return json::serialize(body);
}

}  // namespace playhead::broker::multiwa
