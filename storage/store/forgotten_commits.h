// What stays known of commits whose rows were removed because none of their events is kept
// (storage/housekeeping/commit_forgetter.h): up to which position rows were removed, and for each instance the last
// removed commit with trimmed events of it. So a reader of many instances whose position is before such commits gets a
// report only if it missed something.
//
// Each write that removes such rows has a number, increasing from 2: a reader to which the writes up to a number were
// reported need not check them again. Number 1 stands for all rows that an older build removed without recording their
// instances.
#ifndef PLAYHEAD_STORAGE_STORE_FORGOTTEN_COMMITS_H_
#define PLAYHEAD_STORAGE_STORE_FORGOTTEN_COMMITS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "storage/store/store.h"
#include "storage/store_position.h"
#include "storage/types.h"

namespace playhead::storage {

// By instance number: the last removed commit that had events of the instance.
using LastForgotten = absl::flat_hash_map<uint64_t, CommitPosition>;

// One more than the position of the last row that was removed with trimmed events in it; 0 if none was.
absl::StatusOr<CommitPosition> FirstCommit(const Store& store);

// The number of the last write that removed rows; 1 if none has.
absl::StatusOr<uint64_t> ForgettingsCount(const Store& store);

// Whether a write with a number higher than `heard` removed commits after `position` with trimmed events of an instance
// for which `wanted` returns true.
//
// The cost is bounded by the number of instances: there is one row for each instance with trimmed events, which is
// removed with the instance. Each row takes one step, plus a call of `wanted` if a commit after `position` was removed
// since; the search stops at the first true. This is needed only after a write that removed rows, and only for a reader
// whose position is before them: for the first reads of a reader that is far behind, not for every read.
absl::StatusOr<bool> WereForgotten(const Store& store, StorePosition position, uint64_t heard,
                                   absl::FunctionRef<absl::StatusOr<bool>(InstanceNumber, CommitPosition)> wanted);

// The rows of `meta`, key and value, to be written together with the removal: they record what must stay known of the
// removed rows. For the housekeeping thread, one call at a time.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RowsOfForgotten(const Store& store,
                                                                                 const LastForgotten& last);

// The key of an instance's row in `meta`, which is removed with the instance.
std::string ForgottenKey(InstanceNumber instance);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_FORGOTTEN_COMMITS_H_
