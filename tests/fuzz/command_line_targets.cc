#include "tests/fuzz/command_line_targets.h"

#include <simdjson.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"
#include "tests/fuzz/promise.h"
#include "tools/cli/append_input.h"
#include "tools/cli/text.h"

namespace playhead::fuzz {

void AppendLine(absl::string_view bytes) {
  const auto is_utf8 = [](absl::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); };
  static const auto* const events = new auto(tools::NewLineParser({.ndjson = true}));
  static const auto* const pointers = new auto(tools::NewLineParser(
      {.instance_at = {"/entry/0/id", "/instance"}, .type_at = {"/type", "/a~1b/~0"}, .id_at = {"/id"}}));
  for (const auto* const parser : {events, pointers}) {
    const auto line = (**parser)->Parse(bytes);
    if (!line.ok()) continue;
    Require(!line->instance.empty() || parser == pointers, "an event is of an instance");
    Require(is_utf8(line->instance) && is_utf8(line->event.type) && is_utf8(line->event.id), "texts are UTF-8");
    for (const auto& [key, value] : line->event.attributes) Require(is_utf8(key) && is_utf8(value), "all of them");
  }
}

void CommandLineText(absl::string_view bytes) {
  const std::string printed = tools::Printable(bytes);
  Require(simdjson::validate_utf8(printed.data(), printed.size()), "what is printed is UTF-8");
  for (const char c : printed) {
    Require(!absl::ascii_iscntrl(static_cast<unsigned char>(c)), "what is printed has no control characters");
  }
  Require(tools::Printable(printed) == printed, "what is printable is printed as it is");
  Require(tools::Columns(tools::Fit(printed, 10)) <= 10, "what is to fit fits");
  if (const auto size = tools::ParseBytes(bytes)) {
    Require(tools::ParseBytes(tools::FormatBytes(*size)) == size, "a size survives the trip");
  }
  if (const auto duration = tools::ParseDuration(bytes)) {
    Require(*duration >= absl::ZeroDuration(), "a duration is not negative");
  }
  if (const auto time = tools::ParseTime(bytes)) Require(*time != absl::InfinitePast(), "a time is a moment");
}

}  // namespace playhead::fuzz
