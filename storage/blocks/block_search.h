// Finds a place in a log by halving: what stands in the headers of an instance's blocks (times, running bytes, commit
// positions) never decreases, so that a few seeks do, however long the log is. Blocks on disk: for reading threads
// only.
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
// DATA_LOSS: the log should go on with this sequence, but `found`.
absl::Status LogHole(const Instance& instance, uint64_t expected_sequence, absl::string_view found);
// `error`, of which log and where: `place` is such as "behind cursor 4".
absl::Status LogUnreadable(const Instance& instance, absl::string_view place, const absl::Status& error);

// Where a block lies, seen from what is sought.
enum class BlockPlace {
  kBefore,  // All its events are before it.
  kBehind,  // None is.
  kAround,  // Some are, or the header alone does not tell.
};

// The position behind which the first event stands that is not before what is sought: right before the first kept event
// if none is, the head if all are. `place` judges a block by its header; `within` says of a block that lies around what
// is sought how many of its events are before it. A trim that comes meanwhile moves the answer, never fails the search.
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
