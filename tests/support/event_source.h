// A client of server-sent events that takes them one at a time, as EventSource does, and shows what it got.
#ifndef PLAYHEAD_TESTS_SUPPORT_EVENT_SOURCE_H_
#define PLAYHEAD_TESTS_SUPPORT_EVENT_SOURCE_H_

#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {

// Not thread-safe. Blocks; aborts the test if nothing comes for 20 s.
class EventSource {
 public:
  struct Event {
    std::string name = "message";
    std::string id;  // The last that was heard of, as in MessageEvent.lastEventId.
    std::string data;
  };

  // Asks for `path` of HOST:PORT; `headers` are lines with their ends.
  EventSource(const std::string& address, absl::string_view path, absl::string_view headers = "");

  // Of the answer; its body is there if it is no stream.
  const HttpResponse& response() const { return response_; }

  // The next event that has data; nullopt at the end of the stream.
  std::optional<Event> Next();
  // The next with this name; those before it are passed over. Aborts the test if the stream ends before.
  Event NextNamed(absl::string_view name);

  // Passes over what comes until the last id that was heard of is `id`, be it of a comment.
  void AwaitId(absl::string_view id);

  // As far as it has come.
  const std::string& last_event_id() const { return last_event_id_; }
  // The body ended as it should, and not with the connection alone.
  bool complete() const { return complete_; }

 private:
  // The next, even if it has no data.
  std::optional<Event> NextOfAny();
  // One block of lines; nullopt at the end.
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
