// Parses and formats sizes, durations and times, and makes bytes safe to print.
#ifndef PLAYHEAD_TOOLS_CLI_TEXT_H_
#define PLAYHEAD_TOOLS_CLI_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::tools {

// "65536", "64KiB", "64k" (the same), "1.5GiB". nullopt for anything else, and for more than 64 bits.
std::optional<uint64_t> ParseBytes(absl::string_view text);
// The shortest exact form: "64MiB", "1000".
std::string FormatBytes(uint64_t bytes);
// Rounded, for people: "2.5 MiB".
std::string ApproximateBytes(double bytes);

// "10s", "250ms", "24h", "1h30m", "8d". nullopt for anything else, and for a negative one.
std::optional<absl::Duration> ParseDuration(absl::string_view text);

// "90d12h", "1h30m", "5m": whole days first.
std::string FormatSpan(absl::Duration span);

// RFC 3339, with or without a fraction of a second; nullopt for anything else.
std::optional<absl::Time> ParseTime(absl::string_view text);

// "1,234,567".
std::string WithThousands(uint64_t number);

// `text` on one line, without anything that a terminal would interpret: control characters and malformed UTF-8 become
// escapes such as \n and \x1b.
std::string Printable(absl::string_view text);

// The longest prefix of `text` (UTF-8) of at most `columns` characters; ends in "…" if it was cut.
std::string Fit(absl::string_view text, size_t columns);

// How many characters `text` (UTF-8) has.
size_t Columns(absl::string_view text);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_TEXT_H_
