// Finds single blocks of many instances. Keeps an iterator for each slice it meets, and before it reads the directory,
// it tries the slice of the previous block: blocks of one commit are nearly always in the same slice. It sees the store
// as of one moment: a block that moves to another slice meanwhile is found where it was.
#ifndef PLAYHEAD_STORAGE_BLOCKS_BLOCK_FINDER_H_
#define PLAYHEAD_STORAGE_BLOCKS_BLOCK_FINDER_H_

#include <rocksdb/db.h>
#include <rocksdb/snapshot.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "storage/block.h"
#include "storage/blocks/block_store.h"
#include "storage/cursor.h"
#include "storage/event_log.h"
#include "storage/store/erasure_masks.h"
#include "storage/store/store.h"
#include "storage/types.h"

namespace playhead::storage {

// Short-lived: it pins files and memory, so it must not outlive one slice of work. Not thread-safe.
class BlockFinder {
 public:
  explicit BlockFinder(std::shared_ptr<const Store> store);

  // The block of `instance` that contains `cursor`, checked, without the events that erasures hide; nullptr if there is
  // none.
  //   DataLoss  the block is damaged, or its slice is missing.
  absl::StatusOr<std::shared_ptr<const Block>> Find(const Instance& instance, Cursor cursor);
  // The same block as it is stored, for its header.
  absl::StatusOr<std::shared_ptr<const Block>> FindStored(InstanceNumber instance, Cursor cursor);

 private:
  struct OpenSlice {
    FamilyHandle slice;  // Held as long as `blocks` reads it.
    std::unique_ptr<rocksdb::Iterator> blocks;
  };

  // Moves to the current state of the store.
  void Refresh();
  // The slice that contains the cursor, if any does; 0 if no slice of the instance does.
  absl::StatusOr<uint32_t> SliceOf(InstanceNumber instance, Cursor cursor);
  // nullptr if the slice was dropped since the last Refresh: its live blocks have moved.
  const OpenSlice* Open(uint32_t number);
  // The block in one slice that contains `cursor`; nullptr if there is none.
  absl::StatusOr<std::shared_ptr<const Block>> FindIn(const OpenSlice& open, InstanceNumber instance,
                                                      Cursor cursor) const;

  const std::shared_ptr<const Store> store_;
  // Taken before anything is read, like BlockIterator's.
  const std::shared_ptr<const ErasureMaskSet> masks_;
  std::optional<rocksdb::ManagedSnapshot> snapshot_;  // Declared before the iterators, which must be destroyed first.
  rocksdb::ReadOptions read_options_;
  std::unique_ptr<rocksdb::Iterator> directory_;
  std::map<uint32_t, OpenSlice> slices_;  // One slice of work meets few.
  uint32_t last_slice_ = 0;               // 0: none yet.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_BLOCK_FINDER_H_
