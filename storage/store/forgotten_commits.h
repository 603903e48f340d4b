// What is known of commits whose rows were removed because nothing of them is kept
// (storage/housekeeping/commit_forgetter.h): up to where there were any, and of each instance the last in which events
// of it were trimmed. So a reader of many that comes from behind such commits hears of them only if it missed
// something.
//
// Each write that removes such rows has a number, rising from 2: who heard of those up to one need not look at them
// again. Number 1 stands for all that an older build removed without noting of which instances.
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

// By instance number: the last commit of those removed that had events of it.
using LastForgotten = absl::flat_hash_map<uint64_t, CommitPosition>;

// One more than the position of the last row that was removed with trimmed events in it; 0 if none was.
absl::StatusOr<CommitPosition> FirstCommit(const Store& store);

// The number of the last write that removed rows; 1 if none has.
absl::StatusOr<uint64_t> ForgettingsCount(const Store& store);

// Whether a write with a number higher than `heard` removed commits behind `position` in which events of an instance
// were trimmed that `wanted` says yes to.
//
// Bounded by the instances that there are: a row for each of which events were trimmed, which goes with it. A step for
// each, and a call of `wanted` for those of which something was removed behind `position` since; the first that it says
// yes to is the last. A reader is told only after a write that removed rows, and only while it stands behind one, so
// this is for the first reads of who comes from far behind, not for every read.
absl::StatusOr<bool> WereForgotten(const Store& store, StorePosition position, uint64_t heard,
                                   absl::FunctionRef<absl::StatusOr<bool>(InstanceNumber, CommitPosition)> wanted);

// The rows of `meta`, key and value, that go out with the removal: what is to be known of what is removed. For the
// housekeeping thread, one at a time.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RowsOfForgotten(const Store& store,
                                                                                 const LastForgotten& last);

// The row of an instance in `meta`, which goes with it.
std::string ForgottenKey(InstanceNumber instance);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_FORGOTTEN_COMMITS_H_
