// Forgets commits whose events are all gone: removes the rows of the family `commits` that have no readable events
// left. storage/store/forgotten_commits.h keeps what must stay known of them.
#ifndef PLAYHEAD_STORAGE_HOUSEKEEPING_COMMIT_FORGETTER_H_
#define PLAYHEAD_STORAGE_HOUSEKEEPING_COMMIT_FORGETTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/commit/commit_builder.h"
#include "storage/store/store.h"

namespace playhead::storage {

// One pass over all commits, in steps. Memory: one entry for each of up to kInstancesKnownMax instances. Not
// thread-safe.
class CommitForgetter {
 public:
  static constexpr size_t kStepRows = 2000;
  static constexpr size_t kInstancesKnownMax = 65'536;
  // One write records the removed rows of about this many instances.
  static constexpr size_t kInstancesNotedMax = 4096;

  // Examines up to kStepRows rows; `write` commits the removals. Returns false when all rows were examined. The newest
  // row always stays: it determines the position of the next commit. A damaged row stays, too, for a verification to
  // find.
  absl::StatusOr<bool> Run(const Store& store, absl::FunctionRef<absl::Status(FillBatch)> write);

 private:
  // Whether no event of the row is left. Adds its instances that were trimmed, not deleted, to `trimmed`.
  absl::StatusOr<bool> IsGone(const Store& store, absl::string_view ranges, std::vector<uint64_t>& trimmed);

  std::string next_key_;
  absl::flat_hash_map<uint64_t, std::optional<Cursor>> first_kept_;  // By instance; nullopt: deleted.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_HOUSEKEEPING_COMMIT_FORGETTER_H_
