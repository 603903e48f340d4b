#include "tests/bench/websocket_dialects.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace playhead {
namespace {

constexpr absl::string_view kEngine = "/socket.io/?EIO=4&transport=websocket";

const std::vector<WebSocketDialect>& Dialects() {
  static const auto* const dialects = new std::vector<WebSocketDialect>{
      {.name = "multiwa",
       .target = "/ws?apiKey=any",
       .greetings = {{R"({"type":"subscribe","payload":{"profileId":"bench","events":["*"]}})", R"({"type":"ack")"}},
       .attribute = "multiwa",
       .type = "message.received",
       .field = "body"},
      {.name = "multiwa-envelopes",
       .target = kEngine,
       .greetings = {{"40/ws,", "40/ws,"},
                     {R"(42/ws,["message",{"type":"subscribe","payload":{"profileId":"bench","events":["*"]}}])",
                      R"(42/ws,["message",{"type":"ack")"}},
       .answers_engine_pings = true,
       .attribute = "multiwa",
       .type = "message.received",
       .field = "body"},
      {.name = "multiwa-rooms",
       .target = kEngine,
       .greetings = {{"40/ws,", "40/ws,"}, {R"(42/ws,1["join",{"profileId":"bench"}])", "43/ws,1"}},
       .answers_engine_pings = true,
       .attribute = "multiwa",
       .type = "message.received",
       .field = "body"},
      {.name = "socketio",
       .target = kEngine,
       .greetings = {{R"(40/api/events,{"token":"bench"})", "40/api/events,"},
                     {R"(42/api/events,1["subscribe",["call"]])", "43/api/events,1"}},
       .answers_engine_pings = true,
       .attribute = "baileys",
       .type = "call",
       .field = "id"},
      {.name = "vzaps",
       .target = "/events/ws?instance_id=bench&client_token=any&instance_token=any&access_token=%TOKEN",
       .acknowledges = true,
       .attribute = "vzaps",
       .type = "Message",
       .field = "body"},
  };
  return *dialects;
}

}  // namespace

const WebSocketDialect* FindWebSocketDialect(absl::string_view name) {
  const auto found = std::find_if(Dialects().begin(), Dialects().end(),
                                  [name](const WebSocketDialect& dialect) { return dialect.name == name; });
  return found == Dialects().end() ? nullptr : &*found;
}

std::string WebSocketDialectNames() {
  return absl::StrJoin(Dialects(), ", ",
                       [](std::string* out, const WebSocketDialect& dialect) { absl::StrAppend(out, dialect.name); });
}

}  // namespace playhead
