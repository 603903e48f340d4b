#include "tools/cli/text.h"

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace playhead::tools {
namespace {

constexpr std::array<std::pair<absl::string_view, int>, 4> kUnits = {
    {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}}};

// How many bytes the UTF-8 character at the front of `text` has; 0 if it is malformed.
size_t CharacterBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  size_t size = 0;
  uint8_t low = 0x80, high = 0xbf;  // Bounds of the second byte.
  if (byte(0) < 0x80) return 1;
  if (byte(0) >= 0xc2 && byte(0) <= 0xdf) {
    size = 2;
  } else if ((byte(0) & 0xf0) == 0xe0) {
    size = 3;
    if (byte(0) == 0xe0) low = 0xa0;
    if (byte(0) == 0xed) high = 0x9f;
  } else if (byte(0) >= 0xf0 && byte(0) <= 0xf4) {
    size = 4;
    if (byte(0) == 0xf0) low = 0x90;
    if (byte(0) == 0xf4) high = 0x8f;
  }
  if (size == 0 || text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::optional<uint64_t> ParseBytes(absl::string_view text) {
  int shift = 0;
  for (const auto& [unit, bits] : kUnits) {
    if (absl::EndsWithIgnoreCase(text, unit) || absl::EndsWithIgnoreCase(text, unit.substr(0, 1))) {
      text.remove_suffix(absl::EndsWithIgnoreCase(text, unit) ? unit.size() : 1);
      shift = bits;
      break;
    }
  }
  if (shift == 0 && absl::EndsWith(text, "B")) text.remove_suffix(1);
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) return std::nullopt;
  if (uint64_t whole = 0; absl::SimpleAtoi(text, &whole)) {
    if (whole > std::numeric_limits<uint64_t>::max() >> shift) return std::nullopt;
    return whole << shift;
  }
  double number = 0;
  if (shift == 0 || !absl::SimpleAtod(text, &number)) return std::nullopt;
  number = std::round(std::ldexp(number, shift));
  if (!(number >= 0 && number < 9e18)) return std::nullopt;
  return static_cast<uint64_t>(number);
}

std::string FormatBytes(uint64_t bytes) {
  for (const auto& [unit, bits] : kUnits) {
    if (bytes != 0 && bytes % (uint64_t{1} << bits) == 0) return absl::StrCat(bytes >> bits, unit);
  }
  return absl::StrCat(bytes);
}

std::string ApproximateBytes(double bytes) {
  for (const auto& [unit, bits] : kUnits) {
    if (const double in_unit = std::ldexp(bytes, -bits); in_unit >= 1) {
      return absl::StrFormat("%.*f %s", in_unit < 9.95 ? 1 : 0, in_unit, unit);
    }
  }
  return absl::StrFormat("%.0f B", bytes);
}

std::optional<absl::Duration> ParseDuration(absl::string_view text) {
  absl::Duration duration;
  double days = 0;
  if (absl::EndsWith(text, "d") && absl::SimpleAtod(text.substr(0, text.size() - 1), &days) && days >= 0) {
    return days * absl::Hours(24);
  }
  if (!absl::ParseDuration(text, &duration) || duration < absl::ZeroDuration()) return std::nullopt;
  return duration;
}

std::string FormatSpan(absl::Duration span) {
  absl::Duration rest;
  const int64_t days = absl::IDivDuration(span, absl::Hours(24), &rest);
  if (days == 0) return absl::FormatDuration(rest);
  return absl::StrCat(days, "d", rest == absl::ZeroDuration() ? "" : absl::FormatDuration(rest));
}

std::optional<absl::Time> ParseTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  // Abseil would also take infinity.
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return time;
}

std::string WithThousands(uint64_t number) {
  std::string text = absl::StrCat(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, 1, ',');
  return text;
}

std::string Printable(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    const auto first = static_cast<uint8_t>(text[0]);
    // C1 controls (U+0080 to U+009F) act on some terminals too.
    const bool control =
        first < 0x20 || first == 0x7f || (first == 0xc2 && size == 2 && static_cast<uint8_t>(text[1]) < 0xa0);
    if (size == 0 || control) {
      if (first == '\n') {
        out += "\\n";
      } else if (first == '\t') {
        out += "\\t";
      } else {
        for (size_t i = 0; i < (size == 0 ? 1 : size); ++i) {
          absl::StrAppendFormat(&out, "\\x%02x", static_cast<uint8_t>(text[i]));
        }
      }
    } else {
      out.append(text.data(), size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string Fit(absl::string_view text, size_t columns) {
  size_t used = 0;
  size_t cut = 0;  // Where the text ends if it has to make room for the ellipsis.
  for (size_t i = 0; i < text.size(); ++used) {
    if (used + 1 == columns) cut = i;
    if (used == columns) return absl::StrCat(text.substr(0, cut), "…");
    const size_t size = CharacterBytes(text.substr(i));
    i += size == 0 ? 1 : size;
  }
  return std::string(text);
}

size_t Columns(absl::string_view text) {
  size_t columns = 0;
  for (const char c : text) columns += (static_cast<uint8_t>(c) & 0xc0) != 0x80 ? 1 : 0;
  return columns;
}

}  // namespace playhead::tools
