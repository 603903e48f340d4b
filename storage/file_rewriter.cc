#include "storage/file_rewriter.h"

#include "storage/rocksdb_status.h"

namespace playhead::storage {

FileRange WholeFamily(const Store& store, Family family) {
  return {FamilyHandle(FamilyHandle(), store.family(family)), "", ""};
}

absl::Status RewriteFiles(const Store& store, absl::Span<const FileRange> ranges, std::atomic<bool>& canceled) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = &canceled;
  rocksdb::DB* db = store.db();
  rocksdb::Status status;
  for (const FileRange& range : ranges) {
    const rocksdb::Slice first(range.first);
    const rocksdb::Slice last(range.last);
    const bool whole = range.first.empty() && range.last.empty();
    if (status.ok()) {
      status = db->CompactRange(options, range.family.get(), whole ? nullptr : &first, whole ? nullptr : &last);
    }
  }
  const auto slices = store.slices();
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const auto& [number, slice] : slices) families.push_back(slice.get());
  for (size_t i = 0; i < kFamilyNames.size(); ++i) families.push_back(store.family(static_cast<Family>(i)));
  if (status.ok()) status = db->Flush(rocksdb::FlushOptions(), families);
  return ReadError(status, "rewriting files without what was erased");
}

}  // namespace playhead::storage
