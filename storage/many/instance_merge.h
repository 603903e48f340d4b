// Reads a short list of instances by their own blocks, merged in the order of the store: the commits of all others
// cost nothing.
#ifndef PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_
#define PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/many/many_source.h"

namespace playhead::storage {

// EventLog::ReadMany for a reader whose selector names its instances, at most kMergedInstancesMax. nullopt if the logs
// alone do not determine what comes next, so that the commits must be read: trimmed history of an instance may be
// before or after the reader's position; and if part of a log cannot be read (damage, or a disk error), the events of
// the others that come before it are not known.
std::optional<ManyReadResult> MergeInstances(const ManySource& source, const ManyReadOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_INSTANCE_MERGE_H_
