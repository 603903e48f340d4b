// Server-sent events (HTML, 9.2) as text:
//
//    - `id: 7`: what the client sends as Last-Event-ID when it comes again: everything up to here is done;
//    - `event: gap`: only of notices: events of a log come under EventSource's default name;
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

// How long a client waits before it comes again.
inline constexpr absl::Duration kReconnectDelay = absl::Seconds(1);

// The head of a stream: not to be kept by anybody, nor collected by a proxy before it is passed on.
http::Response EventStreamHead();

// What every stream begins with.
void AppendReconnectDelay(std::string& out);

// A notice: `name` is reserved for it; `data` is JSON on one line. An empty `id` leaves the client's as it is.
void AppendNotice(absl::string_view name, absl::string_view id, absl::string_view data, std::string& out);

// A comment, which a client does not see, but for the id, which it takes up.
void AppendHeartbeat(absl::string_view id, std::string& out);

// `event: error`, with the error as the body of any refusal has it. The stream ends behind it.
void AppendErrorEvent(const absl::Status& error, std::string& out);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_TEXT_H_
