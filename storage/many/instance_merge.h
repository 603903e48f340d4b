// Reads a short list of instances by their own blocks, merged in the order of the store: the commits of all others
// cost nothing.
#ifndef PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_
#define PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/many/many_source.h"

namespace playhead::storage {

// EventLog::ReadMany for a reader whose selector names its instances, at most kMergedInstancesMax. nullopt where the
// logs cannot tell by themselves what comes next, and only the commits can: history of one that is trimmed may be
// before or behind the reader's position; and if a block is damaged, nothing says what of the others comes before it.
absl::StatusOr<std::optional<ManyReadResult>> MergeInstances(const ManySource& source, const ManyReadOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_
