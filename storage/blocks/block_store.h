// Where blocks lie: time slices, each a column family of its own, and a directory that says which slices an instance is
// in.
//
// New blocks of all instances go to the newest slice. A full slice is merged once, and rewritten only to erase a
// deleted instance. What little is alive in a mostly dead one moves to the slice behind it, and the rest is dropped
// whole (storage/housekeeping/reclaimer.h). That costs one write of each byte to the log, one to the slice and one to
// the merge, whatever the load (docs/decisions/0001-storage-layout.md has the figures of the alternatives). The
// directory has one small entry for each slice that an instance has blocks in, so that finding a cursor is two seeks
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

// How often a search that meets a dropped slice looks at the store anew. What was alive in it has moved before it was
// dropped, so the next look finds it, unless another slice is dropped just then.
inline constexpr int kDroppedSliceLooksMax = 4;

// Walks the blocks of one instance in cursor order, over all slices, as they stood at one moment: a block that moves to
// another slice meanwhile is met once. Short-lived: it pins files and memory, so it must not outlive one slice of work.
// Not thread-safe.
class BlockIterator {
 public:
  BlockIterator(std::shared_ptr<const Store> store, InstanceNumber instance);

  // To the first block whose last cursor is at or behind `cursor`.
  void Seek(Cursor cursor);
  // To the last block of all.
  void SeekToLast();
  void Next();
  void Prev();

  // False at either end and on an error; status() tells which.
  bool Valid() const { return blocks_ != nullptr && blocks_->Valid(); }
  absl::Status status() const { return status_; }

  InstanceNumber instance() const { return instance_; }
  // The last cursor of the block. REQUIRES: Valid().
  Cursor last() const;
  // The slice that it lies in. REQUIRES: Valid().
  uint32_t slice_number() const { return slice_number_; }
  // As stored; Block::Decode takes it. Valid until the iterator moves. REQUIRES: Valid().
  absl::string_view value() const;
  // The block as readers may see it: without what was being erased when the iterator was made. `name` is the
  // instance's. DataLoss (DATA_LOSS) as Block::Decode. REQUIRES: Valid().
  absl::StatusOr<std::shared_ptr<const Block>> block(absl::string_view name) const;

 private:
  enum class Opened { kYes, kEnd, kGone };

  // Looks at the store as it is now.
  void Refresh();
  // Opens the slice that the directory's current entry names. kGone if it was dropped since the last Refresh; kEnd at
  // the directory's end and on an error.
  Opened OpenSlice();
  // To the first block whose last cursor is at or behind `cursor`, or the last one that is at or before it; as the
  // store is now if a slice was dropped meanwhile.
  void SeekForward(Cursor cursor);
  void SeekBackward(Cursor cursor);
  // While the current slice has nothing more from `from` on, go over to the next or previous one. False if that one is
  // gone.
  bool CrossForward(Cursor from);
  bool CrossBackward(Cursor from);
  void Fail(absl::Status status);
  absl::Status SliceMissing() const;

  const std::shared_ptr<const Store> store_;
  const InstanceNumber instance_;
  // Taken before anything is read: what stops being hidden later has left the store by then.
  const std::shared_ptr<const ErasureMaskSet> masks_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  std::optional<rocksdb::ManagedSnapshot> snapshot_;  // Before the iterators: they go first.
  rocksdb::ReadOptions read_options_;
  std::unique_ptr<rocksdb::Iterator> directory_;
  uint32_t slice_number_ = 0;
  FamilyHandle slice_;  // Held as long as `blocks_` reads it.
  std::unique_ptr<rocksdb::Iterator> blocks_;
  absl::Status status_;
};

// The writing side: puts blocks into the newest slice. Not thread-safe: the committer's.
class BlockStore {
 public:
  // `slice_bytes`: how much a slice takes before the next one should begin.
  BlockStore(std::shared_ptr<Store> store, uint64_t slice_bytes);

  // Adds the block to `batch`, with a directory entry if it is the instance's first in this slice.
  // `instance_slice` is what the caller remembers of the instance between calls: the slice of its last block, 0 if
  // none.
  void Put(const Block& block, const EncodedBlock& encoded, uint32_t& instance_slice, rocksdb::WriteBatch& batch);

  // Adds to `batch` other bytes for a block that lies in `slice`. What the slice takes is not counted: it grows little.
  void Replace(uint32_t slice, const Block& block, const EncodedBlock& encoded, rocksdb::WriteBatch& batch) const;

  // True once for each slice that is full: somebody should make the next one (Store::CreateSlice of NextSliceNumber),
  // off the committer's path, and then have UseSlice called. Until then the full one takes more.
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

// Whether a full slice is still the pile of files that it grew as. Once merged it is let alone, whatever trims add to
// it.
bool NeedsMerge(const Store& store, rocksdb::ColumnFamilyHandle& slice);

// Merges a full slice into one sorted run. Takes long; for a background thread. Ends early, with an error, once
// `canceled`.
absl::Status MergeSlice(const Store& store, uint32_t number, std::atomic<bool>& canceled);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_BLOCK_STORE_H_
