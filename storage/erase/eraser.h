// Removes the bytes of deleted instances and rows from the files: the slow half of a deletion, for a background thread.
//
// However few bytes an instance has, erasing them walks all commits and rewrites files; so one pass erases many.
#ifndef PLAYHEAD_STORAGE_ERASE_ERASER_H_
#define PLAYHEAD_STORAGE_ERASE_ERASER_H_

#include <atomic>
#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/commit/commit_builder.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// One pass erases up to this many, which bounds its memory.
inline constexpr size_t kErasedTogetherMax = 4096;

// Instances that were deleted and whose bytes may still be on disk: the first kErasedTogetherMax, by number.
absl::StatusOr<std::vector<InstanceNumber>> PendingErasures(const Store& store);

// One pass: removes the instances' blocks and identities, and their ranges from the commits; rewrites the files between
// the first and the last of them and drops the write-ahead logs that held their bytes. Then they are not pending any
// more. Changes go through `write`, which commits them and waits. May be cut off at any point: all of them are then
// still pending, and another pass does what is left. Ends early, with an error, once `canceled`.
// REQUIRES: `instances` is not empty, rises, and holds at most kErasedTogetherMax.
absl::Status EraseInstances(const Store& store, absl::Span<const InstanceNumber> instances, std::atomic<bool>& canceled,
                            absl::FunctionRef<absl::Status(FillBatch)> write);

// Rewrites the files of `consumers` and `keys` if a write before `before` purges (RecordChange::purge): what it, and
// those before it, deleted is gone from them. True if others did since. Changes and errors as above.
absl::StatusOr<bool> PurgeRecords(const Store& store, Timestamp before, std::atomic<bool>& canceled,
                                  absl::FunctionRef<absl::Status(FillBatch)> write);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASE_ERASER_H_
