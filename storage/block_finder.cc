#include "storage/block_finder.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_status.h"

namespace playhead::storage {

BlockFinder::BlockFinder(std::shared_ptr<const Store> store)
    : store_(std::move(store)), masks_(store_->erasures().masks().set()) {
  directory_.reset(store_->db()->NewIterator(read_options_, store_->family(Family::kDirectory)));
  // Small blocks of an instance lie side by side in one of RocksDB's, and the next commits ask for those that follow:
  // unlike in a read of one log, the cache spares reading it again.
  read_options_.prefix_same_as_start = true;
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::Find(const Instance& instance, Cursor cursor) {
  auto block = FindStored(instance.number(), cursor);
  if (masks_ == nullptr || !block.ok() || *block == nullptr) return block;
  return masks_->Apply(instance.name(), *std::move(block));
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::FindStored(InstanceNumber instance, Cursor cursor) {
  if (last_slice_ != 0) {
    auto found = FindIn(last_slice_, instance, cursor);
    if (!found.ok() || *found != nullptr) return found;
  }
  const std::string key = BlockKey(instance, cursor);
  const std::string prefix = InstanceKey(instance);
  // A slice has an entry under its first cursor of the instance; a trim may have left the block's slice without the
  // block, and then none holds it.
  directory_->SeekForPrev(key);
  if (!directory_->status().ok()) return ReadError(directory_->status(), "reading the directory");
  if (!directory_->Valid() || !absl::StartsWith(FromSlice(directory_->key()), prefix)) return nullptr;
  const uint32_t number = RecordReader(FromSlice(directory_->value())).Get<uint32_t>();
  if (number == last_slice_) return nullptr;
  last_slice_ = number;
  return FindIn(number, instance, cursor);
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::FindIn(uint32_t slice_number, InstanceNumber instance,
                                                                 Cursor cursor) {
  OpenSlice& open = slices_[slice_number];
  if (open.blocks == nullptr) {
    open.slice = store_->slice(slice_number);
    if (open.slice == nullptr) return MakeError(Reason::kDataLoss, absl::StrCat("slice ", slice_number, " is missing"));
    open.blocks.reset(store_->db()->NewIterator(read_options_, open.slice.get()));
  }
  open.blocks->Seek(BlockKey(instance, cursor));
  if (!open.blocks->status().ok()) return ReadError(open.blocks->status(), "reading blocks");
  if (!open.blocks->Valid() || !absl::StartsWith(FromSlice(open.blocks->key()), InstanceKey(instance))) return nullptr;
  auto block = Block::Decode(instance, FromSlice(open.blocks->value()));
  if (!block.ok()) return block.status();
  // Another slice may hold what comes before it.
  if ((*block)->first() > cursor || (*block)->last() < cursor) return nullptr;
  return block;
}

}  // namespace playhead::storage
