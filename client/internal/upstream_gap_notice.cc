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

bool AskForUpstreamGaps(google::protobuf::RepeatedPtrField<std::string>& types) {
  const bool lets_through = types.empty() || std::any_of(types.begin(), types.end(), [](absl::string_view pattern) {
                              return absl::ConsumeSuffix(&pattern, "*") ? absl::StartsWith(kUpstreamGapType, pattern)
                                                                        : pattern == kUpstreamGapType;
                            });
  if (!lets_through && types.size() < kTypesMax) *types.Add() = std::string(kUpstreamGapType);
  return lets_through;
}

}  // namespace playhead::internal
