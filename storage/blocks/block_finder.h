// Finds single blocks of many instances: keeps an iterator for each slice it meets, and tries the slice of the block
// before, where the blocks of one commit nearly always lie, before it asks the directory. It sees the store as it was
// at one moment: a block that moves to another slice meanwhile is found where it was.
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

  // The block of `instance` that holds `cursor`, checked, without what erasures hide; nullptr if there is none.
  //   DataLoss  the block is damaged, or its slice is missing.
  absl::StatusOr<std::shared_ptr<const Block>> Find(const Instance& instance, Cursor cursor);
  // The same as it is stored: for what its header says.
  absl::StatusOr<std::shared_ptr<const Block>> FindStored(InstanceNumber instance, Cursor cursor);

 private:
  struct OpenSlice {
    FamilyHandle slice;  // Held as long as `blocks` reads it.
    std::unique_ptr<rocksdb::Iterator> blocks;
  };

  // Looks at the store as it is now.
  void Refresh();
  // The slice that holds the cursor if any does; 0 if none of the instance's does.
  absl::StatusOr<uint32_t> SliceOf(InstanceNumber instance, Cursor cursor);
  // nullptr if it was dropped since the last Refresh: what was alive in it has moved.
  const OpenSlice* Open(uint32_t number);
  // The block in one slice that holds `cursor`; nullptr if there is none.
  absl::StatusOr<std::shared_ptr<const Block>> FindIn(const OpenSlice& open, InstanceNumber instance,
                                                      Cursor cursor) const;

  const std::shared_ptr<const Store> store_;
  // Taken before anything is read, as BlockIterator's.
  const std::shared_ptr<const ErasureMaskSet> masks_;
  std::optional<rocksdb::ManagedSnapshot> snapshot_;  // Before the iterators: they go first.
  rocksdb::ReadOptions read_options_;
  std::unique_ptr<rocksdb::Iterator> directory_;
  std::map<uint32_t, OpenSlice> slices_;  // A slice of work meets few.
  uint32_t last_slice_ = 0;               // 0: none yet.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCKS_BLOCK_FINDER_H_
