#include "storage/blocks/stored_blocks.h"

#include <algorithm>
#include <limits>

#include "storage/key_codec.h"
#include "storage/store/directory.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

StoredBlocks::StoredBlocks(const Store& store, InstanceNumber instance, bool trimmed)
    : store_(store),
      instance_(instance),
      lower_(InstanceKey(instance)),
      upper_(InstanceKeyEnd(instance)),
      lower_slice_(lower_),
      upper_slice_(upper_) {
  read_options_.iterate_lower_bound = &lower_slice_;
  read_options_.iterate_upper_bound = &upper_slice_;
  read_options_.fill_cache = false;
  read_options_.prefix_same_as_start = true;
  status_ = FindSlices(trimmed);
}

absl::Status StoredBlocks::FindSlices(bool trimmed) {
  const auto page = ReadDirectory(store_, instance_, 1);
  if (!page.ok()) return page.status();
  std::vector<uint32_t> named;
  if (!page->empty() && page->front().instance == instance_) {
    for (const DirectoryEntry& entry : page->front().entries) named.push_back(entry.slice);
  }
  // The oldest entries are removed first, so a slice that lost its entry is older than the first one named.
  const uint32_t first_named =
      named.empty() ? std::numeric_limits<uint32_t>::max() : *std::min_element(named.begin(), named.end());
  for (const auto& [number, slice] : store_.slices()) {
    if ((trimmed && number < first_named) || std::find(named.begin(), named.end(), number) != named.end()) {
      slices_.emplace_back(number, slice);
    }
  }
  return absl::OkStatus();
}

void StoredBlocks::Seek(Cursor cursor) {
  if (!status_.ok()) return;
  at_ = 0;
  block_.reset();
  SeekFrom(cursor);
}

void StoredBlocks::Next() {
  const Cursor next = last() + 1;
  block_->Next();
  if (block_->Valid()) return;
  status_ = ReadError(block_->status(), "reading blocks");
  block_.reset();
  ++at_;
  if (status_.ok()) SeekFrom(next);
}

void StoredBlocks::SeekFrom(Cursor cursor) {
  for (; at_ < slices_.size(); ++at_) {
    block_ = store_.NewIterator(slices_[at_].second.get(), read_options_);
    block_->Seek(BlockKey(instance_, cursor));
    if (block_->Valid()) return;
    status_ = ReadError(block_->status(), "reading blocks");
    block_.reset();
    if (!status_.ok()) return;
  }
}

Cursor StoredBlocks::last() const { return BlockKeyCursor(FromSlice(block_->key())); }

absl::string_view StoredBlocks::value() const { return FromSlice(block_->value()); }

}  // namespace playhead::storage
