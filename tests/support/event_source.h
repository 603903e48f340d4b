// A client of server-sent events that returns them one at a time, parsed as EventSource does.
#ifndef PLAYHEAD_TESTS_SUPPORT_EVENT_SOURCE_H_
#define PLAYHEAD_TESTS_SUPPORT_EVENT_SOURCE_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

// Not thread-safe. Blocks; aborts the test if nothing comes for two minutes.
class EventSource {
 public:
  struct Event {
    std::string name = "message";
    std::string id;  // The last id received so far, as in MessageEvent.lastEventId.
    std::string data;
  };

  // Requests `path` of HOST:PORT. `headers` are whole lines, with line ends.
  EventSource(const std::string& address, absl::string_view path, absl::string_view headers = "");

  // Has a body only if the answer is no stream of events.
  const HttpResponse& response() const { return response_; }

  // The next event that has data; nullopt at the end of the stream.
  std::optional<Event> Next();
  // Skips events up to the next one with this name. Aborts the test if the stream ends first.
  Event NextNamed(absl::string_view name);

  // Skips events and comments until the last id received is `id`.
  void AwaitId(absl::string_view id);

  // The last id received so far.
  const std::string& last_event_id() const { return last_event_id_; }
  // Whether the body ended properly, rather than with the connection.
  bool complete() const { return complete_; }

 private:
  // The next event, even if it has no data.
  std::optional<Event> NextOfAny();
  // One block of lines; nullopt at the end of the stream.
  std::optional<std::string> NextBlock();
  bool ReceiveChunk();
  bool ReceiveMore();

  HttpConnection connection_;
  HttpResponse response_;
  std::string received_;  // With the chunks' frames.
  std::string body_;      // Without.
  std::string last_event_id_;
  bool complete_ = false;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_EVENT_SOURCE_H_
