// How a client of each WebSocket dialect starts and what it answers, for websocket_bench.
#ifndef PLAYHEAD_TESTS_BENCH_WEBSOCKET_DIALECTS_H_
#define PLAYHEAD_TESTS_BENCH_WEBSOCKET_DIALECTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace playhead {

// The instance of all events; a broker that runs open takes anything for a key.
inline constexpr absl::string_view kBenchInstance = "bench";

struct WebSocketDialect {
  absl::string_view name;
  // The target of the upgrade. `%TOKEN` is an access token of VZaps, a new one for each connection.
  absl::string_view target;
  // Messages that a client sends, each when the one before was answered with a message that begins so.
  struct Greeting {
    absl::string_view message;
    absl::string_view answer;
  };
  std::vector<Greeting> greetings;
  // Engine.IO's ping "2" is answered with its pong "3".
  bool answers_engine_pings = false;
  // Every event is acknowledged by its `id`.
  bool acknowledges = false;
  // Of the events: the attribute `dialect`, the type, and the member of the data that carries the time.
  absl::string_view attribute;
  absl::string_view type;
  absl::string_view field;
};

// nullptr if there is none of that name.
const WebSocketDialect* FindWebSocketDialect(absl::string_view name);
// All names, for people.
std::string WebSocketDialectNames();

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_BENCH_WEBSOCKET_DIALECTS_H_
