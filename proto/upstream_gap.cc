#include "proto/upstream_gap.h"

#include <simdjson.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/errors.h"

namespace playhead {
namespace {

constexpr int64_t kTimeMax = (int64_t{1} << 53) - 1;
// Escaped, a control character in the reason takes six bytes; longer data cannot be valid.
constexpr size_t kDataBytesMax = 6 * kUpstreamGapReasonBytesMax + 1000;

absl::Status Invalid(absl::string_view what) {
  return MakeError(Reason::kEventInvalid,
                   absl::StrCat(kUpstreamGapType, ": ", what, "; its data is {\"from\":<us>,\"to\":<us>,\"reason\":",
                                "\"...\"}, of which `reason` may be left out"));
}

void AppendJsonString(absl::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<uint8_t>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// Reads the member `key` into `gap`. False if the key is unknown or a duplicate (tracked in `seen`), or the value has
// the wrong type.
bool ReadMember(std::string_view key, simdjson::dom::element value, UpstreamGap& gap, uint32_t& seen) {
  const auto once = [&seen](uint32_t bit) { return (std::exchange(seen, seen | bit) & bit) == 0; };
  if (key == "from") return once(1) && value.get(gap.from) == simdjson::SUCCESS;
  if (key == "to") return once(2) && value.get(gap.to) == simdjson::SUCCESS;
  std::string_view reason;
  if (key != "reason" || !once(4) || value.get(reason) != simdjson::SUCCESS) return false;
  gap.reason = reason;
  return true;
}

}  // namespace

absl::Status CheckUpstreamGap(const UpstreamGap& gap) {
  if (gap.from <= 0 || gap.from > kTimeMax) return Invalid("`from` must be a time in microseconds since 1970");
  if (gap.to < gap.from || gap.to > kTimeMax) {
    return Invalid("`to` must be a time in microseconds since 1970, not before `from`");
  }
  if (gap.reason.size() > kUpstreamGapReasonBytesMax ||
      !simdjson::validate_utf8(gap.reason.data(), gap.reason.size())) {
    return Invalid(absl::StrCat("`reason` has up to ", kUpstreamGapReasonBytesMax, " bytes of UTF-8"));
  }
  return absl::OkStatus();
}

std::string EncodeUpstreamGap(const UpstreamGap& gap) {
  std::string data = absl::StrCat("{\"from\":", gap.from, ",\"to\":", gap.to, ",\"reason\":");
  AppendJsonString(gap.reason, data);
  data.push_back('}');
  return data;
}

absl::StatusOr<UpstreamGap> ParseUpstreamGap(absl::string_view data) {
  // The view of empty data may be null, which simdjson does not accept.
  if (data.empty() || data.size() > kDataBytesMax) {
    return Invalid(absl::StrCat("its data has ", data.size(), " bytes"));
  }
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(data.data(), data.size()).get(object) != simdjson::SUCCESS) {
    return Invalid("its data is no JSON object");
  }
  UpstreamGap gap;
  uint32_t seen = 0;
  for (const auto& [key, value] : object) {
    if (!ReadMember(key, value, gap, seen)) {
      return Invalid("a member is unknown, of another kind than a number or a string, or there twice");
    }
  }
  if (absl::Status status = CheckUpstreamGap(gap); !status.ok()) return status;
  return gap;
}

}  // namespace playhead
