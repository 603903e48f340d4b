#include "storage/blocks/block_finder.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

BlockFinder::BlockFinder(std::shared_ptr<const Store> store)
    : store_(std::move(store)), masks_(store_->erasures().masks().set()) {
  Refresh();
}

void BlockFinder::Refresh() {
  slices_.clear();
  last_slice_ = 0;
  directory_.reset();
  // One snapshot for the directory and the slices, because blocks move between slices.
  snapshot_.emplace(store_->db());
  read_options_.snapshot = snapshot_->snapshot();
  read_options_.prefix_same_as_start = false;
  directory_ = store_->NewIterator(store_->family(Family::kDirectory), read_options_);
  // A RocksDB block holds several small blocks of an instance, and the next commits need the ones that follow. So,
  // unlike in a read of one log, caching it saves reading it again.
  read_options_.prefix_same_as_start = true;
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::Find(const Instance& instance, Cursor cursor) {
  auto block = FindStored(instance.number(), cursor);
  if (masks_ == nullptr || !block.ok() || *block == nullptr) return block;
  return masks_->Apply(instance.name(), *std::move(block));
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::FindStored(InstanceNumber instance, Cursor cursor) {
  if (last_slice_ != 0) {
    auto found = FindIn(slices_[last_slice_], instance, cursor);
    if (!found.ok() || *found != nullptr) return found;
  }
  uint32_t number = 0;
  for (int attempt = 0; attempt < kDroppedSliceLooksMax; ++attempt) {
    if (attempt > 0) Refresh();
    const auto entry = SliceOf(instance, cursor);
    if (!entry.ok()) return entry.status();
    number = *entry;
    if (number == 0 || number == last_slice_) return nullptr;
    if (const OpenSlice* slice = Open(number); slice != nullptr) return FindIn(*slice, instance, cursor);
  }
  return MakeError(Reason::kDataLoss, absl::StrCat("slice ", number, " is missing"));
}

absl::StatusOr<uint32_t> BlockFinder::SliceOf(InstanceNumber instance, Cursor cursor) {
  // A slice has an entry under its first cursor of the instance. After a trim, that slice may no longer hold the block;
  // then no slice does.
  directory_->SeekForPrev(BlockKey(instance, cursor));
  if (!directory_->status().ok()) return ReadError(directory_->status(), "reading the directory");
  if (!directory_->Valid() || !absl::StartsWith(FromSlice(directory_->key()), InstanceKey(instance))) return 0;
  return RecordReader(FromSlice(directory_->value())).Get<uint32_t>();
}

const BlockFinder::OpenSlice* BlockFinder::Open(uint32_t number) {
  OpenSlice& open = slices_[number];
  if (open.blocks == nullptr) {
    open.slice = store_->slice(number);
    if (open.slice == nullptr) return nullptr;
    open.blocks = store_->NewIterator(open.slice.get(), read_options_);
  }
  last_slice_ = number;
  return &open;
}

absl::StatusOr<std::shared_ptr<const Block>> BlockFinder::FindIn(const OpenSlice& open, InstanceNumber instance,
                                                                 Cursor cursor) const {
  open.blocks->Seek(BlockKey(instance, cursor));
  if (!open.blocks->status().ok()) return ReadError(open.blocks->status(), "reading blocks");
  if (!open.blocks->Valid() || !absl::StartsWith(FromSlice(open.blocks->key()), InstanceKey(instance))) return nullptr;
  auto block = Block::Decode(instance, FromSlice(open.blocks->value()));
  if (!block.ok()) return block.status();
  // The block found may start after the cursor: what comes before may be in another slice.
  if ((*block)->first() > cursor || (*block)->last() < cursor) return nullptr;
  return block;
}

}  // namespace playhead::storage
