#include "storage/block_store.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_status.h"

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

}  // namespace

BlockIterator::BlockIterator(std::shared_ptr<const Store> store, InstanceNumber instance)
    : store_(std::move(store)),
      instance_(instance),
      lower_(InstanceKey(instance)),
      upper_(InstanceKeyEnd(instance)),
      lower_slice_(lower_),
      upper_slice_(upper_) {
  read_options_.iterate_lower_bound = &lower_slice_;
  read_options_.iterate_upper_bound = &upper_slice_;
  directory_.reset(store_->db()->NewIterator(read_options_, store_->family(Family::kDirectory)));
  // Blocks are read once and then shared by the tail or sent: the cache is for the indexes.
  read_options_.fill_cache = false;
  read_options_.prefix_same_as_start = true;
}

void BlockIterator::Seek(Cursor cursor) {
  directory_->SeekForPrev(BlockKey(instance_, cursor));
  if (!directory_->Valid()) directory_->Seek(lower_);
  if (!OpenSlice()) return;
  blocks_->Seek(BlockKey(instance_, cursor));
  CrossForward();
}

void BlockIterator::SeekToLast() {
  directory_->SeekToLast();
  if (!OpenSlice()) return;
  blocks_->SeekForPrev(BlockKey(instance_, kCursorMax));
  CrossBackward();
}

void BlockIterator::Next() {
  blocks_->Next();
  CrossForward();
}

void BlockIterator::Prev() {
  blocks_->Prev();
  CrossBackward();
}

Cursor BlockIterator::last() const { return BlockKeyCursor(FromSlice(blocks_->key())); }

absl::string_view BlockIterator::value() const { return FromSlice(blocks_->value()); }

bool BlockIterator::OpenSlice() {
  blocks_.reset();
  if (!directory_->Valid()) {
    status_ = ReadError(directory_->status(), "reading the directory");
    return false;
  }
  slice_number_ = RecordReader(FromSlice(directory_->value())).Get<uint32_t>();
  slice_ = store_->slice(slice_number_);
  if (slice_ == nullptr) {
    status_ = MakeError(Reason::kDataLoss, absl::StrCat("slice ", slice_number_, " is missing"));
    return false;
  }
  blocks_.reset(store_->db()->NewIterator(read_options_, slice_.get()));
  return true;
}

void BlockIterator::CrossForward() {
  while (!blocks_->Valid()) {
    status_ = ReadError(blocks_->status(), "reading blocks");
    if (status_.ok()) directory_->Next();
    if (!status_.ok() || !OpenSlice()) {
      blocks_.reset();
      return;
    }
    blocks_->Seek(lower_);
  }
}

void BlockIterator::CrossBackward() {
  while (!blocks_->Valid()) {
    status_ = ReadError(blocks_->status(), "reading blocks");
    if (status_.ok()) directory_->Prev();
    if (!status_.ok() || !OpenSlice()) {
      blocks_.reset();
      return;
    }
    blocks_->SeekForPrev(BlockKey(instance_, kCursorMax));
  }
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
  const std::string key = BlockKey(instance, block.last());
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {encoded.header, encoded.compressed_body.empty()
                                                            ? ToSlice(block.body())
                                                            : rocksdb::Slice(encoded.compressed_body)};
  batch.Put(current_.get(), rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2))
      .PermitUncheckedError();
  current_bytes_ += key.size() + value_parts[0].size() + value_parts[1].size();
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

absl::StatusOr<std::vector<uint32_t>> SlicesOf(const Store& store, InstanceNumber instance) {
  const std::string lower = InstanceKey(instance);
  const std::string upper = InstanceKeyEnd(instance);
  const rocksdb::Slice upper_slice(upper);
  rocksdb::ReadOptions read;
  read.iterate_upper_bound = &upper_slice;
  const std::unique_ptr<rocksdb::Iterator> entry(store.db()->NewIterator(read, store.family(Family::kDirectory)));
  std::vector<uint32_t> slices;
  for (entry->Seek(lower); entry->Valid(); entry->Next()) {
    slices.push_back(RecordReader(FromSlice(entry->value())).Get<uint32_t>());
  }
  if (!entry->status().ok()) return ReadError(entry->status(), "reading the directory");
  return slices;
}

void DeleteBlocksBefore(const Store& store, const std::vector<uint32_t>& slices, InstanceNumber instance,
                        Cursor first_kept, rocksdb::WriteBatch& batch) {
  for (const uint32_t number : slices) {
    if (const FamilyHandle slice = store.slice(number); slice != nullptr) {
      batch.DeleteRange(slice.get(), InstanceKey(instance), BlockKey(instance, first_kept)).PermitUncheckedError();
    }
  }
}

}  // namespace playhead::storage
