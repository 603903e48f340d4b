// Moves blocks of an instance to a newer slice as the reclaimer does (storage/housekeeping/reclaimer.h), for tests of
// reads in the middle of a move.
#ifndef PLAYHEAD_TESTS_STORAGE_MOVED_BLOCKS_H_
#define PLAYHEAD_TESTS_STORAGE_MOVED_BLOCKS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "storage/block.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store.h"

namespace playhead::storage {

// All blocks that `from` holds of the instance, in one write. Both slices must exist; returns how many there were.
inline size_t MoveBlocks(const Store& store, InstanceNumber instance, uint32_t from, uint32_t to) {
  const FamilyHandle source = store.slice(from);
  const FamilyHandle target = store.slice(to);
  rocksdb::ReadOptions read;
  read.total_order_seek = true;
  rocksdb::WriteBatch batch;
  size_t moved = 0;
  const std::unique_ptr<rocksdb::Iterator> block(store.db()->NewIterator(read, source.get()));
  for (block->Seek(InstanceKey(instance)); block->Valid() && block->key().starts_with(InstanceKey(instance));
       block->Next()) {
    if (moved++ == 0) {
      std::string number;
      RecordWriter(number).Put(to);
      const Cursor first = Block::DecodeHeader(FromSlice(block->value()))->first;
      batch.Put(store.family(Family::kDirectory), BlockKey(instance, first), number).PermitUncheckedError();
    }
    batch.Put(target.get(), block->key(), block->value()).PermitUncheckedError();
    batch.Delete(source.get(), block->key()).PermitUncheckedError();
  }
  const rocksdb::Status written = store.db()->Write({}, &batch);
  EXPECT_TRUE(written.ok()) << written.ToString();
  return moved;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_MOVED_BLOCKS_H_
