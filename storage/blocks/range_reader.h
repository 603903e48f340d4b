// Reads one bounded slice of a log from the store. Waits for the disk: for reading threads only.
#ifndef PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_
#define PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/store/store.h"

namespace playhead::storage {

// EventLog::Read, on this thread. Checks that every block is intact, and begins where the previous one ended. A read
// that begins at damage or a hole fails with DATA_LOSS, or with CURSOR_TRIMMED if a trim overtook it; a read that
// reaches one later ends before it. `lives` is for the types of the instance.
absl::StatusOr<ReadResult> ReadRange(const std::shared_ptr<const Store>& store, const Instance& instance,
                                     const ReadOptions& options, const TypeLives* lives = nullptr);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_RANGE_READER_H_
