// Binary search in a log: the values in the headers of an instance's blocks (times, running bytes, commit positions)
// never decrease, so a few seeks suffice however long the log is. Waits for the disk: for reading threads only.
#ifndef PLAYHEAD_STORAGE_BLOCKS_BLOCK_SEARCH_H_
#define PLAYHEAD_STORAGE_BLOCKS_BLOCK_SEARCH_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/store/store.h"

namespace playhead::storage {

// INSTANCE_DELETED.
absl::Status DeletedInstance(const Instance& instance);
// DATA_LOSS: the log should continue with this sequence, but `found`.
absl::Status LogHole(const Instance& instance, uint64_t expected_sequence, absl::string_view found);
// Returns `error` with the log and the place added; `place` is, for example, "behind cursor 4".
absl::Status LogUnreadable(const Instance& instance, absl::string_view place, const absl::Status& error);

// Where a block is relative to the target of the search.
enum class BlockPlace {
  kBefore,  // All its events are before the target.
  kBehind,  // None of its events is before the target.
  kAround,  // Some are, or the header alone does not say.
};

// Returns the position right before the first event that is not before the target: right before the first kept event if
// none is before the target, the head if all are. `place` classifies a block by its header; for a block that is
// kAround, `within` returns how many of its events are before the target. A concurrent trim moves the answer, but never
// fails the search.
//   DataLoss  a block is damaged or missing.
//   NotFound  INSTANCE_DELETED.
absl::StatusOr<Cursor> SearchBlocks(const std::shared_ptr<const Store>& store, const Instance& instance,
                                    absl::FunctionRef<BlockPlace(const BlockHeader&)> place,
                                    absl::FunctionRef<uint32_t(const Block&)> within);

// EventLog::FindTime, FindCommit, FindBytes and BytesBehind, on this thread.
absl::StatusOr<Cursor> FindTimeInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                     Timestamp time);
absl::StatusOr<Cursor> FindCommitInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                       CommitPosition commit);
absl::StatusOr<Cursor> FindBytesInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                      uint64_t kept_bytes_max);
absl::StatusOr<uint64_t> BytesBehindInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                          Cursor after);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_BLOCK_SEARCH_H_
