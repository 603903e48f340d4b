#include "tools/cli/start_flags.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {

void StartFlags::Add(FlagSet& flags, absl::string_view from_help) {
  flags.Section("What to read");
  flags.OptionalNumber("after", &after, "CURSOR", "Start after this cursor; 0 is the start of the log.");
  flags.Text("from", &from, "WHERE", from_help);
  flags.Text("types", &types, "A,B*", "Only events of these types; a trailing * matches any ending.");
  flags.Text("id_prefix", &id_prefix, "PREFIX", "Only events whose id starts with this.");
  flags.Bool(
      "allow_gap", &allow_gap,
      "Where history was trimmed, report the gap and continue after it, instead of failing with CURSOR_TRIMMED.");
}

absl::StatusOr<Start> StartFlags::start(const Start& otherwise) const {
  if (after.has_value() && !from.empty()) return UsageError("--after and --from exclude each other");
  if (after.has_value()) return Start::After(*after);
  if (from.empty()) return otherwise;
  if (from == "beginning") return Start::Beginning();
  if (from == "now") return Start::Now();
  if (const auto time = ParseTime(from); time.has_value()) return Start::Time(absl::ToUnixMicros(*time));
  return UsageError(
      absl::StrCat("--from: \"", from, "\" is not beginning, now or a time such as 2026-01-31T12:00:00Z"));
}

std::vector<std::string> StartFlags::type_list() const {
  if (types.empty()) return {};
  return absl::StrSplit(types, ',');
}

}  // namespace playhead::tools
