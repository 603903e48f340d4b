// The family `commits`: maps each commit's position to the events it appended. docs/on-disk-format.md has the layout.
#ifndef PLAYHEAD_STORAGE_STORE_COMMIT_ROWS_H_
#define PLAYHEAD_STORAGE_STORE_COMMIT_ROWS_H_

#include <rocksdb/db.h>

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/cursor.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// The events of one instance in a commit: contiguous and of one epoch.
struct CommitRange {
  InstanceNumber instance;
  Cursor first;
  Cursor last;
};

// Iterates over the rows in order. Short-lived, like every iterator. Not thread-safe.
class CommitRows {
 public:
  explicit CommitRows(const Store& store);

  // To the first row at or after `position`.
  void Seek(CommitPosition position);
  void Next() { row_->Next(); }

  // False at the end and on an error; status() says which.
  bool Valid() const { return row_->Valid(); }
  absl::Status status() const;

  // REQUIRES: Valid().
  CommitPosition position() const;
  // By instance number. Empty if all its instances are deleted. DataLoss if the row is damaged.
  absl::StatusOr<std::vector<CommitRange>> ranges() const;

 private:
  std::unique_ptr<rocksdb::Iterator> row_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_COMMIT_ROWS_H_
