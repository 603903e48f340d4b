#include "broker/http_api/notices.h"

#include "absl/strings/str_cat.h"

namespace playhead::broker::http_api {

std::string GapJson(const Gap& gap) {
  return absl::StrCat(R"({"cause":"TRIMMED","after_cursor":)", gap.after.value(), R"(,"last_cursor":)",
                      gap.last.value(), R"(,"event_count":)", gap.event_count, "}");
}

}  // namespace playhead::broker::http_api
