// Reads one bounded slice of many logs in the order of the store. Waits for the disk: for reading threads only.
#ifndef PLAYHEAD_STORAGE_MANY_MANY_READ_H_
#define PLAYHEAD_STORAGE_MANY_MANY_READ_H_

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/many/many_source.h"

namespace playhead::storage {

// EventLog::CheckStorePosition, on this thread.
absl::Status CheckPosition(const ManySource& source, StorePosition position);

// EventLog::ReadMany, on this thread.
absl::StatusOr<ManyReadResult> ReadManyInstances(const ManySource& source, const ManyReadOptions& options);

// EventLog::FindTimeInStore, on this thread.
absl::StatusOr<StorePosition> FindTimeInCommits(const ManySource& source, Timestamp time);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_MANY_READ_H_
