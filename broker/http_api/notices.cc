#include "broker/http_api/notices.h"

#include "absl/strings/str_cat.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {

std::string GapJson(const Gap& gap) {
  return absl::StrCat(R"({"cause":"TRIMMED","after_cursor":)", gap.after.value(), R"(,"last_cursor":)",
                      gap.last.value(), R"(,"event_count":)", gap.event_count, "}");
}

std::string InstanceJson(const storage::InstanceInfo& info) {
  std::string out = absl::StrCat(R"({"name":)", JsonString(info.name), R"(,"first_cursor":)", info.bounds.first.value(),
                                 R"(,"head_cursor":)", info.bounds.head.value(), R"(,"event_count":)",
                                 info.bounds.event_count(), R"(,"appended_bytes":)", info.bounds.appended_bytes,
                                 R"(,"created_at":")", FormatMicros(info.created_at.micros()), "\"");
  if (info.bounds.last_appended_at.micros() != 0) {
    absl::StrAppend(&out, R"(,"last_appended_at":")", FormatMicros(info.bounds.last_appended_at.micros()), "\"");
  }
  return out + "}";
}

}  // namespace playhead::broker::http_api
