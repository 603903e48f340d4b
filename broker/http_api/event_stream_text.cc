#include "broker/http_api/event_stream_text.h"

#include "absl/strings/str_cat.h"

namespace playhead::broker::http_api {

http::Response EventStreamHead() {
  http::Response head;
  head.content_type = std::string(kEventStreamType);
  head.headers.push_back({"Cache-Control", "no-store"});
  head.headers.push_back({"X-Accel-Buffering", "no"});
  return head;
}

void AppendReconnectDelay(std::string& out) {
  absl::StrAppend(&out, "retry: ", absl::ToInt64Milliseconds(kReconnectDelay), "\n");
}

void AppendNotice(absl::string_view name, absl::string_view id, absl::string_view data, std::string& out) {
  absl::StrAppend(&out, "event: ", name, "\n");
  if (!id.empty()) absl::StrAppend(&out, "id: ", id, "\n");
  absl::StrAppend(&out, "data: ", data, "\n\n");
}

void AppendHeartbeat(absl::string_view id, std::string& out) { absl::StrAppend(&out, ": heartbeat\nid: ", id, "\n\n"); }

void AppendErrorEvent(const absl::Status& error, absl::string_view id, std::string& out) {
  AppendReconnectDelay(out);
  AppendNotice("error", id, http::JsonError(error).body, out);
}

}  // namespace playhead::broker::http_api
