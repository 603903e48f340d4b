#include "tests/fuzz/dialect_targets.h"

#include <simdjson.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/gateway_renderer.h"
#include "broker/dialects/multiwa/messages.h"
#include "broker/dialects/multiwa/renderer.h"
#include "broker/dialects/socketio/renderer.h"
#include "broker/dialects/vzaps/ack.h"
#include "broker/dialects/vzaps/renderer.h"
#include "broker/model/json.h"
#include "broker/model/rendering.h"
#include "proto/event_wire.h"
#include "storage/cursor.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

// What `dialect` makes of the event, each as the frame that is sent if `write` is given.
void RequireRenderings(const EventView& event, const broker::model::RenderingDialect& dialect,
                       std::string (*write)(const broker::model::Frame&, absl::string_view), bool is_object) {
  const auto renderings = dialect.render(event);
  if (!renderings.ok()) return;
  broker::model::Step last = 0;
  for (const broker::model::Rendering& rendering : *renderings) {
    const auto payload = broker::model::ParseJson(rendering.payload);
    Require(payload.has_value(), "a payload is JSON");
    Require(!is_object || payload->is_object(), "a payload is an object where it has to be");
    Require(!rendering.name.empty() || event.type.empty(), "a payload has a name");
    Require(renderings->size() == 1 || rendering.step > last || last == broker::model::kStepMax, "steps rise");
    last = rendering.step;
    Require(dialect.may_show(event, broker::model::NameFilter::Of({rendering.name})), "what is shown may be shown");
    if (write == nullptr) continue;
    const std::string frame = write({.rendering = rendering, .created_at = event.created_at}, "instance");
    Require(broker::model::ParseJson(frame).has_value(), "a frame is JSON");
  }
}

}  // namespace

void Rendering(absl::string_view bytes) {
  const std::vector<absl::string_view> parts = absl::StrSplit(bytes, absl::MaxSplits('\n', 2));
  if (parts.size() < 3) return;
  EventView event;
  if (!parts[0].empty()) event.attributes = {{"dialect", parts[0]}};
  event.type = parts[1];
  event.data = parts[2];
  if (!simdjson::validate_utf8(event.type.data(), event.type.size())) return;  // What is stored is.
  RequireRenderings(event, broker::vzaps::kRendering, &broker::vzaps::WriteFrame, true);
  RequireRenderings(event, broker::multiwa::kRendering, &broker::multiwa::WriteFrame, false);
  RequireRenderings(event, broker::multiwa::kGatewayRendering, &broker::multiwa::WriteGatewayArgument, false);
  RequireRenderings(event, broker::socketio::kRendering, nullptr, false);
  if (broker::model::DialectOf(event) != broker::model::Dialect::kMultiWa) return;
  const auto own = broker::multiwa::Render(event);
  Require(!own.ok() || own->front().payload == event.data, "its own dialect passes an event on byte for byte");
}

void DialectMessage(absl::string_view bytes) {
  if (const auto position = broker::vzaps::ParseAck(bytes)) {
    Require(storage::EventId::Parse(position->ToString()) == position, "what is acknowledged is a position");
  }
  const auto message = broker::multiwa::ParseMessage(bytes);
  if (!message) return;
  const auto require_object = [](const std::string& reply) {
    const auto parsed = broker::model::ParseJson(reply);
    Require(parsed && parsed->is_object(), "a reply is an object");
  };
  require_object(broker::multiwa::PongMessage(absl::UnixEpoch(), message->request_id));
  require_object(broker::multiwa::UnsubscribedMessage(message->request_id));
  const std::string cursor = broker::multiwa::ReadAckCursor(message->payload);
  const auto request = broker::multiwa::ReadSubscribe(message->payload);
  if (!request.ok()) return require_object(broker::multiwa::ErrorMessage(request.status().message(), {}));
  Require(!request->events.empty() && !request->profile.empty(), "a subscription is to events of a profile");
  require_object(broker::multiwa::SubscribedMessage(*request, cursor, 0, message->request_id));
}

}  // namespace playhead::fuzz
