// Iterates over all stored blocks of one instance, in cursor order, including those of trimmed events that are still in
// a slice, whether the directory still names the slice or not. For the housekeeping thread only: nobody else moves
// blocks or drops slices, so the current block stays where it is.
#ifndef PLAYHEAD_STORAGE_BLOCKS_STORED_BLOCKS_H_
#define PLAYHEAD_STORAGE_BLOCKS_STORED_BLOCKS_H_

#include <rocksdb/db.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// Short-lived: it pins files and memory, so it must not outlive one slice of work. Not thread-safe.
class StoredBlocks {
 public:
  // `trimmed`: whether events of the instance were trimmed; if so, slices that the directory does not name are
  // searched, too. `store` must outlive this.
  StoredBlocks(const Store& store, InstanceNumber instance, bool trimmed);
  StoredBlocks(const StoredBlocks&) = delete;
  StoredBlocks& operator=(const StoredBlocks&) = delete;

  // To the first block whose last cursor is at or after `cursor`.
  void Seek(Cursor cursor);
  void Next();

  // False at the end and on an error; status() says which.
  bool Valid() const { return block_ != nullptr && block_->Valid(); }
  absl::Status status() const { return status_; }

  InstanceNumber instance() const { return instance_; }
  // The last cursor of the block. REQUIRES: Valid().
  Cursor last() const;
  // The slice that contains the block. REQUIRES: Valid().
  uint32_t slice_number() const { return slices_[at_].first; }
  // As stored, for Block::Decode. Valid until the iteration moves. REQUIRES: Valid().
  absl::string_view value() const;

 private:
  absl::Status FindSlices(bool trimmed);
  // To the first block whose last cursor is >= `cursor`, in slice `at_` or later ones.
  void SeekFrom(Cursor cursor);

  const Store& store_;
  const InstanceNumber instance_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  rocksdb::ReadOptions read_options_;
  std::vector<std::pair<uint32_t, FamilyHandle>> slices_;  // By number, so the instance's cursors increase.
  size_t at_ = 0;
  std::unique_ptr<rocksdb::Iterator> block_;
  absl::Status status_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_STORED_BLOCKS_H_
