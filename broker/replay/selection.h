// Checks requests for replays, and converts them to the broker's own types.
#ifndef PLAYHEAD_BROKER_REPLAY_SELECTION_H_
#define PLAYHEAD_BROKER_REPLAY_SELECTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/auth/caller.h"
#include "broker/read/read_rules.h"
#include "broker/replay/planner.h"
#include "broker/replay/range.h"
#include "playhead/v1/replays.pb.h"
#include "storage/event_filter.h"

namespace playhead::broker::replay {

//   InvalidArgument   REPLAY_INVALID, START_REQUIRED, FILTER_INVALID, INSTANCE_NAME_INVALID.
//   PermissionDenied  the caller may not both read and manage a named instance.
absl::StatusOr<Selection> ToSelection(const v1::PlanReplayRequest& request, std::shared_ptr<Caller> caller);

// The ranges of a start, by name of the instance. Errors as above; the same instance twice is REPLAY_INVALID.
absl::StatusOr<std::vector<Range>> ToRanges(const v1::StartReplayRequest& request, const Caller& caller);

// nullptr if there is no filter.   InvalidArgument  FILTER_INVALID.
template <typename Types>
absl::StatusOr<std::shared_ptr<const storage::EventFilter>> ToFilter(const Types& types, absl::string_view id_prefix) {
  return MakeFilter(std::vector<absl::string_view>(types.begin(), types.end()), id_prefix);
}

void WriteRanges(const std::vector<Range>& ranges, v1::ReplayPlan& plan);

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_SELECTION_H_
