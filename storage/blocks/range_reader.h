// Reads one bounded slice of a log from the store. Blocks on disk: for reading threads only.
#ifndef PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_
#define PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/store/store.h"

namespace playhead::storage {

// EventLog::Read, on this thread. Every block is checked: that it is intact, and that it begins where the one before it
// ended. Damage and holes are DATA_LOSS for a read that begins at them, or CURSOR_TRIMMED if a trim overtook it; one
// that comes to them ends in front of them. `lives`: of the instance's types.
absl::StatusOr<ReadResult> ReadRange(const std::shared_ptr<const Store>& store, const Instance& instance,
                                     const ReadOptions& options, const TypeLives* lives = nullptr);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_
