// Reads many instances along the order of the commits: what a prefix, or all, or a long list is read by.
#ifndef PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_
#define PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/many/many_source.h"

namespace playhead::storage {

// One read looks at this many rows and ranges of commits at most, wanted or not.
inline constexpr size_t kWalkedRangesMax = 32'768;

// EventLog::ReadMany by the rows of `commits`, on this thread. Costs a step for every range of every commit, and a seek
// for those whose instance the reader wants.
absl::StatusOr<ManyReadResult> WalkCommits(const ManySource& source, const ManyReadOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_
