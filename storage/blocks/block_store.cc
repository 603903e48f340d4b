#include "storage/blocks/block_store.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr Cursor kCursorMax{Cursor::kEpochMax, Cursor::kSequenceMax};

uint64_t StoredBytes(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
  uint64_t files = 0;
  uint64_t memory = 0;
  db->GetIntProperty(family, rocksdb::DB::Properties::kTotalSstFilesSize, &files);
  db->GetIntProperty(family, rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return files + memory;
}

// Returns the number of bytes added to the batch.
uint64_t PutBlock(rocksdb::ColumnFamilyHandle& slice, const Block& block, const EncodedBlock& encoded,
                  rocksdb::WriteBatch& batch) {
  const std::string key = BlockKey(block.header().instance, block.last());
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {encoded.header, encoded.compressed_body.empty()
                                                            ? ToSlice(block.body())
                                                            : rocksdb::Slice(encoded.compressed_body)};
  batch.Put(&slice, rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2)).PermitUncheckedError();
  return key.size() + value_parts[0].size() + value_parts[1].size();
}

}  // namespace

BlockIterator::BlockIterator(std::shared_ptr<const Store> store, InstanceNumber instance)
    : store_(std::move(store)),
      instance_(instance),
      masks_(store_->erasures().masks().set()),
      lower_(InstanceKey(instance)),
      upper_(InstanceKeyEnd(instance)),
      lower_slice_(lower_),
      upper_slice_(upper_) {
  read_options_.iterate_lower_bound = &lower_slice_;
  read_options_.iterate_upper_bound = &upper_slice_;
  Refresh();
}

void BlockIterator::Refresh() {
  blocks_.reset();
  directory_.reset();
  // One snapshot for the directory and the slices, because blocks move between slices.
  snapshot_.emplace(store_->db());
  read_options_.snapshot = snapshot_->snapshot();
  read_options_.fill_cache = true;
  read_options_.prefix_same_as_start = false;
  directory_ = store_->NewIterator(store_->family(Family::kDirectory), read_options_);
  // Blocks are read once and then shared by the tail or sent, so only indexes are cached.
  read_options_.fill_cache = false;
  read_options_.prefix_same_as_start = true;
}

void BlockIterator::Seek(Cursor cursor) { SeekForward(cursor); }

void BlockIterator::SeekToLast() {
  SeekBackward(kCursorMax);
  if (!status_.ok()) return;
  // A slice's entry goes before or with the last block that it is for.
  directory_->SeekForPrev(BlockKey(instance_, kCursorMax));
  if (!directory_->Valid()) {
    if (!directory_->status().ok()) Fail(ReadError(directory_->status(), "reading the directory"));
    return;
  }
  const Cursor from = BlockKeyCursor(FromSlice(directory_->key()));
  if (Valid() && last() >= from) return;
  Fail(MakeError(Reason::kDataLoss, absl::StrCat("instance ", instance_.value(), " has no block from ", from.value(),
                                                 " on, where its directory has a slice")));
}

void BlockIterator::Next() {
  const Cursor next = last() + 1;
  blocks_->Next();
  if (!CrossForward(next)) SeekForward(next);
}

void BlockIterator::Prev() {
  const Cursor previous(last().value() - 1);
  blocks_->Prev();
  if (!CrossBackward(previous)) SeekBackward(previous);
}

void BlockIterator::SeekForward(Cursor cursor) {
  for (int attempt = 0; attempt < kDroppedSliceLooksMax; ++attempt) {
    if (attempt > 0) Refresh();
    directory_->SeekForPrev(BlockKey(instance_, cursor));
    if (!directory_->Valid()) directory_->Seek(lower_);
    const Opened opened = OpenSlice();
    if (opened == Opened::kGone) continue;
    if (opened == Opened::kEnd) return;
    blocks_->Seek(BlockKey(instance_, cursor));
    if (CrossForward(cursor)) return;
  }
  Fail(SliceMissing());
}

void BlockIterator::SeekBackward(Cursor cursor) {
  for (int attempt = 0; attempt < kDroppedSliceLooksMax; ++attempt) {
    if (attempt > 0) Refresh();
    directory_->SeekForPrev(BlockKey(instance_, cursor));
    const Opened opened = OpenSlice();
    if (opened == Opened::kGone) continue;
    if (opened == Opened::kEnd) return;
    blocks_->SeekForPrev(BlockKey(instance_, cursor));
    if (CrossBackward(cursor)) return;
  }
  Fail(SliceMissing());
}

Cursor BlockIterator::last() const { return BlockKeyCursor(FromSlice(blocks_->key())); }

absl::string_view BlockIterator::value() const { return FromSlice(blocks_->value()); }

absl::StatusOr<std::shared_ptr<const Block>> BlockIterator::block(absl::string_view name) const {
  auto block = Block::Decode(instance_, value());
  if (masks_ == nullptr || !block.ok()) return block;
  return masks_->Apply(name, *std::move(block));
}

BlockIterator::Opened BlockIterator::OpenSlice() {
  blocks_.reset();
  if (!directory_->Valid()) {
    status_ = ReadError(directory_->status(), "reading the directory");
    return Opened::kEnd;
  }
  slice_number_ = RecordReader(FromSlice(directory_->value())).Get<uint32_t>();
  slice_ = store_->slice(slice_number_);
  if (slice_ == nullptr) return Opened::kGone;
  blocks_ = store_->NewIterator(slice_.get(), read_options_);
  return Opened::kYes;
}

bool BlockIterator::CrossForward(Cursor from) {
  while (!blocks_->Valid()) {
    if (absl::Status status = ReadError(blocks_->status(), "reading blocks"); !status.ok()) {
      Fail(std::move(status));
      return true;
    }
    directory_->Next();
    const Opened opened = OpenSlice();
    if (opened != Opened::kYes) return opened == Opened::kEnd;
    blocks_->Seek(BlockKey(instance_, from));  // Not to the slice's beginning: two entries may name the same slice.
  }
  return true;
}

bool BlockIterator::CrossBackward(Cursor from) {
  while (!blocks_->Valid()) {
    if (absl::Status status = ReadError(blocks_->status(), "reading blocks"); !status.ok()) {
      Fail(std::move(status));
      return true;
    }
    directory_->Prev();
    const Opened opened = OpenSlice();
    if (opened != Opened::kYes) return opened == Opened::kEnd;
    blocks_->SeekForPrev(BlockKey(instance_, from));
  }
  return true;
}

void BlockIterator::Fail(absl::Status status) {
  blocks_.reset();
  status_ = std::move(status);
}

absl::Status BlockIterator::SliceMissing() const {
  return MakeError(Reason::kDataLoss, absl::StrCat("slice ", slice_number_, " is missing"));
}

BlockStore::BlockStore(std::shared_ptr<Store> store, uint64_t slice_bytes)
    : store_(std::move(store)), slice_bytes_(slice_bytes) {
  const auto slices = store_->slices();
  current_number_ = slices.rbegin()->first;
  current_ = slices.rbegin()->second;
  current_bytes_ = StoredBytes(store_->db(), current_.get());
}

void BlockStore::Put(const Block& block, const EncodedBlock& encoded, uint32_t& instance_slice,
                     rocksdb::WriteBatch& batch) {
  const InstanceNumber instance = block.header().instance;
  if (instance_slice != current_number_) {
    std::string slice;
    RecordWriter(slice).Put(current_number_);
    batch.Put(store_->family(Family::kDirectory), BlockKey(instance, block.first()), slice).PermitUncheckedError();
    instance_slice = current_number_;
  }
  current_bytes_ += PutBlock(*current_, block, encoded, batch);
}

void BlockStore::Replace(uint32_t slice, const Block& block, const EncodedBlock& encoded,
                         rocksdb::WriteBatch& batch) const {
  if (const FamilyHandle family = store_->slice(slice); family != nullptr) PutBlock(*family, block, encoded, batch);
}

bool BlockStore::WantsNextSlice() {
  if (asked_ || current_bytes_ < slice_bytes_) return false;
  asked_ = true;
  return true;
}

void BlockStore::UseSlice(uint32_t number) {
  current_number_ = number;
  current_ = store_->slice(number);
  current_bytes_ = 0;
  asked_ = false;
}

uint32_t NextSliceNumber(const Store& store) { return store.slices().rbegin()->first + 1; }

bool NeedsMerge(const Store& store, rocksdb::ColumnFamilyHandle& slice) {
  rocksdb::ColumnFamilyMetaData files;
  store.db()->GetColumnFamilyMetaData(&slice, &files);
  return !files.levels.empty() && files.levels[0].files.size() > 1 && files.file_count == files.levels[0].files.size();
}

absl::Status MergeSlice(const Store& store, uint32_t number, std::atomic<bool>& canceled) {
  const FamilyHandle slice = store.slice(number);
  if (slice == nullptr) return absl::OkStatus();
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &canceled;
  return ReadError(store.db()->CompactRange(options, slice.get(), nullptr, nullptr),
                   absl::StrCat("merging slice ", number));
}

}  // namespace playhead::storage
