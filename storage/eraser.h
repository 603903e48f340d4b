// Removes the bytes of deleted instances from the files: the slow half of a deletion, for a background thread.
#ifndef PLAYHEAD_STORAGE_ERASER_H_
#define PLAYHEAD_STORAGE_ERASER_H_

#include <atomic>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "storage/commit_builder.h"
#include "storage/store.h"
#include "storage/types.h"

namespace playhead::storage {

// Instances that were deleted and whose bytes may still be on disk.
absl::StatusOr<std::vector<InstanceNumber>> PendingErasures(const Store& store);

// Removes an instance's blocks and identities, and its ranges from the commits; rewrites the files that held its bytes
// and drops the write-ahead logs that did. Changes go through `write`, which commits them and waits. May be cut off and
// begun again at any point; ends early, with an error, once `canceled`.
absl::Status EraseInstance(const Store& store, InstanceNumber instance, std::atomic<bool>& canceled,
                           absl::FunctionRef<absl::Status(FillBatch)> write);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASER_H_
