// Forgets commits whose events are all gone: the rows of the family `commits` in which nothing is left to be read.
#ifndef PLAYHEAD_STORAGE_COMMIT_FORGETTER_H_
#define PLAYHEAD_STORAGE_COMMIT_FORGETTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/commit_builder.h"
#include "storage/store.h"
#include "storage/types.h"

namespace playhead::storage {

// The first position that was not forgotten with trimmed events in it: whoever walks the commits from behind a position
// that is lower than the one before this has missed something, however many rows before it are still there. 0 if none
// was forgotten. `snapshot`: that of the walk, so that the two agree; nullptr is now.
absl::StatusOr<CommitPosition> FirstCommit(const Store& store, const rocksdb::Snapshot* snapshot);

// One walk over all commits, in steps. Memory: what it remembers of up to kInstancesKnownMax instances. Not
// thread-safe.
class CommitForgetter {
 public:
  static constexpr size_t kStepRows = 2000;
  static constexpr size_t kInstancesKnownMax = 65'536;

  // Looks at up to kStepRows rows; `write` commits what is removed. False when all were looked at. The newest row
  // always stays: it tells the position of the next commit.
  absl::StatusOr<bool> Run(const Store& store, absl::FunctionRef<absl::Status(FillBatch)> write);

 private:
  enum class Fate { kKept, kDeleted, kTrimmed };
  absl::StatusOr<Fate> Judge(const Store& store, absl::string_view ranges);

  std::string next_key_;
  absl::flat_hash_map<uint64_t, std::optional<Cursor>> first_kept_;  // By instance; nullopt: deleted.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_FORGETTER_H_
