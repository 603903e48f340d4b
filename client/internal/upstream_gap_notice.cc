#include "client/internal/upstream_gap_notice.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace playhead::internal {

std::optional<v1::Gap> UpstreamGapNotice(const EventView& event) {
  if (!IsUpstreamGap(event)) return std::nullopt;
  const absl::StatusOr<UpstreamGap> gap = ParseUpstreamGap(event.data);
  if (!gap.ok()) return std::nullopt;
  v1::Gap notice;
  notice.set_cause(v1::Gap::UPSTREAM);
  notice.set_after_cursor(event.cursor);
  notice.set_last_cursor(event.cursor);
  notice.set_from(gap->from);
  notice.set_to(gap->to);
  notice.set_reason(gap->reason);
  return notice;
}

bool MatchUpstreamGaps(const std::vector<std::string>& types) {
  return types.empty() || std::any_of(types.begin(), types.end(), [](absl::string_view pattern) {
           return absl::ConsumeSuffix(&pattern, "*") ? absl::StartsWith(kUpstreamGapType, pattern)
                                                     : pattern == kUpstreamGapType;
         });
}

}  // namespace playhead::internal
