#include "tools/cli/notices.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string FormatUpstreamGap(absl::string_view instance, const v1::Gap& gap, bool json) {
  if (json) {
    return absl::StrFormat(R"({"instance":%s,"gap":{"cause":"UPSTREAM","after_cursor":%d,"last_cursor":%d,)"
                           R"("event_count":0,"from":%d,"to":%d,"reason":%s}})"
                           "\n",
                           JsonString(instance), gap.after_cursor(), gap.last_cursor(), gap.from(), gap.to(),
                           JsonString(gap.reason()));
  }
  const std::string reason = gap.reason().empty() ? "" : absl::StrCat(": ", Printable(gap.reason()));
  return absl::StrCat(
      Painter(stdout)(Colour::kYellow, absl::StrCat("-- gap in ", instance, " at cursor ", gap.last_cursor(),
                                                    ": its source was down from ", FormatMicros(gap.from()), " to ",
                                                    FormatMicros(gap.to()), reason)),
      "\n");
}

}  // namespace

std::string FormatGap(absl::string_view instance, const v1::Gap& gap, bool json) {
  if (gap.cause() == v1::Gap::UPSTREAM) return FormatUpstreamGap(instance, gap, json);
  if (json) {
    return absl::StrFormat(R"({"instance":%s,"gap":{"cause":"%s","after_cursor":%d,"last_cursor":%d,"event_count":%d}})"
                           "\n",
                           JsonString(instance), v1::Gap::Cause_Name(gap.cause()), gap.after_cursor(),
                           gap.last_cursor(), gap.event_count());
  }
  return absl::StrCat(
      Painter(stdout)(Colour::kYellow,
                      absl::StrCat("-- gap in ", instance, ": ", WithThousands(gap.event_count()),
                                   " events up to cursor ", gap.last_cursor(), " can no longer be read")),
      "\n");
}

}  // namespace playhead::tools
