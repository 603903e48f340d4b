#include "tests/load/http_readers.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/load/numbered_messages.h"
#include "tests/support/event_source.h"

namespace playhead::testing {
namespace {

std::string InstanceIn(absl::string_view data) {
  constexpr absl::string_view kBefore = R"("instance":")";
  const size_t begin = data.find(kBefore);
  if (begin == absl::string_view::npos) return "";
  data.remove_prefix(begin + kBefore.size());
  return std::string(data.substr(0, data.find('"')));
}

void Read(const Place& place, absl::string_view path, Progress& progress) {
  progress.NoteReady();
  std::string last_id;
  while (!progress.done()) {
    EventSource source(place.http, path, last_id.empty() ? "" : absl::StrCat("Last-Event-ID: ", last_id, "\r\n"));
    const int status = source.response().status;
    if (status != 0 && status != 200) return progress.Fail(absl::StrCat("EventSource ends at status ", status));
    while (status == 200 && !progress.done()) {
      const auto event = source.Next();
      if (!event) break;
      if (event->name == "gap") return progress.Fail(event->data);
      if (event->name == "error" && !absl::StrContains(event->data, R"("retryable":true)")) {
        return progress.Fail(event->data);
      }
      if (event->name == "message") progress.Note(InstanceIn(event->data), NumberIn(event->data));
    }
    if (!source.last_event_id().empty()) last_id = source.last_event_id();
    progress.NoteReturn();
  }
}

}  // namespace

void ReadServerSentEvents(const Place& place, Progress& progress) {
  Read(place, absl::StrCat("/v1/instances/", kWebhookInstance, "/events?from=beginning"), progress);
}

void ReadServerSentEventsOfMany(const Place& place, Progress& progress) {
  Read(place, absl::StrCat("/v1/events?from=beginning&prefix=", kLoadPrefix), progress);
}

}  // namespace playhead::testing
