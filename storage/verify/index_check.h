// Checks everything except the blocks themselves: the catalogue, the directory, the commits, the identities, the
// broker's records; and that the slices contain no blocks of instances that do not exist.
#ifndef PLAYHEAD_STORAGE_VERIFY_INDEX_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_INDEX_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "storage/instances/instance_catalog.h"
#include "storage/store/store_view.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

// The result of one step of such a check, on one moment of the store.
struct IndexStep {
  std::vector<Finding> findings;
  uint64_t rows = 0;
  uint64_t bytes = 0;
  std::string next_key;  // Where the next step continues; empty: the check is done.
};

// Checks names, numbers and records against each other and against the counters: in one step, since a count is of one
// moment. Ends early, with Cancelled, when `go_on` returns false.
absl::StatusOr<IndexStep> CheckCatalogue(const StoreView& view, absl::FunctionRef<bool()> go_on);

// Checks that the positions increase, and that each range belongs to an existing instance and lies within its log.
absl::StatusOr<IndexStep> CheckCommits(const StoreView& view, const std::string& from);

// Checks that each identity refers to events that its instance has, or had, and that runs of a producer do not overlap.
absl::StatusOr<IndexStep> CheckIdentities(const StoreView& view, const std::string& from);

// Finds entries of the directory, or blocks in a slice, whose instance does not exist and is not being erased.
absl::StatusOr<IndexStep> CheckOrphans(const StoreView& view, rocksdb::ColumnFamilyHandle* family,
                                       const std::string& from);

// Reads the rows of a family that storage does not interpret; RocksDB verifies their checksums.
absl::StatusOr<IndexStep> CheckReadable(const StoreView& view, Family family, const std::string& from);

// The position of the oldest commit whose record is kept, if older ones were removed; else 0.
absl::StatusOr<CommitPosition> CommitsFirst(const StoreView& view);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_INDEX_CHECK_H_
