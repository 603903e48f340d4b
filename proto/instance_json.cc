#include "proto/instance_json.h"

#include "absl/strings/str_cat.h"
#include "proto/error_json.h"
#include "proto/event_json.h"

namespace playhead {

std::string InstanceJson(const v1::Instance& instance) {
  std::string out = absl::StrCat(R"({"name":)", JsonString(instance.name()));
  if (!instance.has_unreadable()) {
    absl::StrAppend(&out, R"(,"first_cursor":)", instance.first_cursor(), R"(,"head_cursor":)", instance.head_cursor(),
                    R"(,"event_count":)", instance.event_count(), R"(,"appended_bytes":)", instance.appended_bytes());
  }
  absl::StrAppend(&out, R"(,"created_at":")", FormatMicros(instance.created_at()), "\"");
  if (instance.has_unreadable()) {
    absl::StrAppend(&out, R"(,"unreadable":)", ErrorJson(instance.unreadable()));
  } else if (instance.last_appended_at() != 0) {
    absl::StrAppend(&out, R"(,"last_appended_at":")", FormatMicros(instance.last_appended_at()), "\"");
  }
  return out + "}";
}

}  // namespace playhead
