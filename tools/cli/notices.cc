#include "tools/cli/notices.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/cli/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {

std::string FormatGap(absl::string_view instance, const v1::Gap& gap, bool json) {
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
