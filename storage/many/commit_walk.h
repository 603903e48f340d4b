// Reads many instances in the order of the commits: used for a prefix, for all instances, and for a long list.
#ifndef PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_
#define PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/many/many_source.h"

namespace playhead::storage {

// One read examines at most this many rows and ranges of commits, wanted or not.
inline constexpr size_t kWalkedRangesMax = 32'768;

// EventLog::ReadMany along the rows of `commits`, on this thread. Costs one step for every range of every commit, and a
// seek for each range whose instance the reader wants.
absl::StatusOr<ManyReadResult> WalkCommits(const ManySource& source, const ManyReadOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_COMMIT_WALK_H_
