// Where blocks are stored: time slices, each a column family of its own, and a directory of the slices of each
// instance.
//
// New blocks of all instances go to the newest slice. A full slice is merged once, and rewritten only to erase a
// deleted instance. The few live blocks of a mostly dead slice are moved to the next slice, and the slice is then
// dropped whole (storage/housekeeping/reclaimer.h). That costs one write of each byte to the log, one to the slice and
// one to the merge, whatever the load (docs/decisions/0001-storage-layout.md has the figures of the alternatives). The
// directory has one small entry for each slice in which an instance has blocks, so finding a cursor takes two seeks
// however many slices there are.
#ifndef PLAYHEAD_STORAGE_BLOCKS_BLOCK_STORE_H_
#define PLAYHEAD_STORAGE_BLOCKS_BLOCK_STORE_H_

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/block.h"
#include "storage/cursor.h"
#include "storage/store/store.h"

namespace playhead::storage {

// How many times a search that meets a dropped slice refreshes its view of the store. Live blocks are moved before
// their slice is dropped, so the refreshed view has them, unless another slice is dropped just then.
inline constexpr int kDroppedSliceLooksMax = 4;

// Iterates over the blocks of one instance in cursor order, over all slices, as of one moment: a block that moves to
// another slice meanwhile is met once. Short-lived: it pins files and memory, so it must not outlive one slice of work.
// Not thread-safe.
class BlockIterator {
 public:
  BlockIterator(std::shared_ptr<const Store> store, InstanceNumber instance);

  // To the first block whose last cursor is at or after `cursor`.
  void Seek(Cursor cursor);
  // To the last block of all. status() is DataLoss (DATA_LOSS) if the directory's last slice has none.
  void SeekToLast();
  void Next();
  void Prev();

  // False at either end and on an error; status() says which.
  bool Valid() const { return blocks_ != nullptr && blocks_->Valid(); }
  absl::Status status() const { return status_; }

  InstanceNumber instance() const { return instance_; }
  // The last cursor of the block. REQUIRES: Valid().
  Cursor last() const;
  // The slice that contains the block. REQUIRES: Valid().
  uint32_t slice_number() const { return slice_number_; }
  // As stored, for Block::Decode. Valid until the iterator moves. REQUIRES: Valid().
  absl::string_view value() const;
  // The block as readers may see it: without events that were being erased when the iterator was created. `name` is the
  // instance's. DataLoss (DATA_LOSS) as Block::Decode. REQUIRES: Valid().
  absl::StatusOr<std::shared_ptr<const Block>> block(absl::string_view name) const;

 private:
  enum class Opened { kYes, kEnd, kGone };

  // Moves to the current state of the store.
  void Refresh();
  // Opens the slice that the directory's current entry names. kGone if it was dropped since the last Refresh; kEnd at
  // the directory's end and on an error.
  Opened OpenSlice();
  // To the first block whose last cursor is >= `cursor`, or the last block whose last cursor is <= `cursor`; in a
  // refreshed view of the store if a slice was dropped meanwhile.
  void SeekForward(Cursor cursor);
  void SeekBackward(Cursor cursor);
  // While the current slice has no more blocks from `from` on, moves to the next or previous slice. False if that slice
  // is gone.
  bool CrossForward(Cursor from);
  bool CrossBackward(Cursor from);
  void Fail(absl::Status status);
  absl::Status SliceMissing() const;

  const std::shared_ptr<const Store> store_;
  const InstanceNumber instance_;
  // Taken before anything is read: events that stop being hidden later have left the store by then.
  const std::shared_ptr<const ErasureMaskSet> masks_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  std::optional<rocksdb::ManagedSnapshot> snapshot_;  // Declared before the iterators, which must be destroyed first.
  rocksdb::ReadOptions read_options_;
  std::unique_ptr<rocksdb::Iterator> directory_;
  uint32_t slice_number_ = 0;
  FamilyHandle slice_;  // Held as long as `blocks_` reads it.
  std::unique_ptr<rocksdb::Iterator> blocks_;
  absl::Status status_;
};

// The writing side: puts blocks into the newest slice. Not thread-safe: used by the committer only.
class BlockStore {
 public:
  // `slice_bytes`: the size of a slice at which the next one should begin.
  BlockStore(std::shared_ptr<Store> store, uint64_t slice_bytes);

  // Adds the block to `batch`, with a directory entry if it is the instance's first in this slice.
  // `instance_slice` is state that the caller keeps for the instance between calls: the slice of its last block, 0 if
  // none.
  void Put(const Block& block, const EncodedBlock& encoded, uint32_t& instance_slice, rocksdb::WriteBatch& batch);

  // Adds to `batch` a replacement for a block in `slice`. The size of the slice is not updated: it grows little.
  void Replace(uint32_t slice, const Block& block, const EncodedBlock& encoded, rocksdb::WriteBatch& batch) const;

  // True once for each slice that is full: the caller should have the next one created off the committer's path
  // (Store::CreateSlice of NextSliceNumber), and then UseSlice called. Until then, the full slice takes more blocks.
  bool WantsNextSlice();
  void UseSlice(uint32_t number);

 private:
  const std::shared_ptr<Store> store_;
  const uint64_t slice_bytes_;
  uint32_t current_number_;
  FamilyHandle current_;
  uint64_t current_bytes_;
  bool asked_ = false;
};

uint32_t NextSliceNumber(const Store& store);

// Whether a full slice still consists of unmerged files. Once merged, it is left alone, whatever trims add to it.
bool NeedsMerge(const Store& store, rocksdb::ColumnFamilyHandle& slice);

// Merges a full slice into one sorted run. Takes long, so call it on a background thread. Ends early, with an error,
// once `canceled` is true.
absl::Status MergeSlice(const Store& store, uint32_t number, std::atomic<bool>& canceled);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_BLOCK_STORE_H_
