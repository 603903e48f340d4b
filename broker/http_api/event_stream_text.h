// Formats server-sent events (HTML, 9.2):
//
//    - `id: 7`: what the client sends as Last-Event-ID when it reconnects; it has everything up to here;
//    - `event: gap`: only for notices: events of a log have EventSource's default name;
//    - `data: {"after_cursor":0}`: one line of JSON;
//    - an empty line.
#ifndef PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_TEXT_H_
#define PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/http/response.h"

namespace playhead::broker::http_api {

inline constexpr absl::string_view kEventStreamType = "text/event-stream";

// How long a client waits before it reconnects.
inline constexpr absl::Duration kReconnectDelay = absl::Seconds(1);

// The head of a stream: caches must not store it, and proxies must not buffer it.
http::Response EventStreamHead();

// Appends the delay with which every stream begins.
void AppendReconnectDelay(std::string& out);

// Appends a notice. `name` is reserved for it; `data` is JSON on one line. With an empty `id`, the stream's last one
// stays in force: the client forgets its id only if the stream's first event has none.
void AppendNotice(absl::string_view name, absl::string_view id, absl::string_view data, std::string& out);

// Appends a comment, which the client ignores, and an id, which it remembers.
void AppendHeartbeat(absl::string_view id, std::string& out);

// Appends `event: error`, with the error in the form of an error response's body. It is the last event of a stream.
// `id` is as for AppendNotice.
void AppendErrorEvent(const absl::Status& error, absl::string_view id, std::string& out);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_TEXT_H_
