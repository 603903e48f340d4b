#include "storage/file_rewriter.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "storage/rocksdb_status.h"

namespace playhead::storage {
namespace {

// Between two looks at who still reads an older state. A read holds one for milliseconds.
constexpr absl::Duration kSnapshotPoll = absl::Milliseconds(5);

// Waits until nobody reads the store as it was before now: a snapshot has RocksDB keep what was deleted since, and an
// iterator the files.
absl::Status AwaitOlderReaders(const Store& store, const std::atomic<bool>& canceled) {
  const uint64_t now = store.db()->GetLatestSequenceNumber();
  for (;;) {
    uint64_t oldest = 0;  // Of the snapshots that are held; 0 if none is.
    if (!store.db()->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest) || oldest == 0 ||
        oldest >= now) {
      return absl::OkStatus();
    }
    if (canceled) return MakeError(Reason::kShuttingDown, "rewriting files goes on later");
    absl::SleepFor(kSnapshotPoll);
  }
}

}  // namespace

FileRange WholeFamily(const Store& store, Family family) {
  return {FamilyHandle(FamilyHandle(), store.family(family)), "", ""};
}

absl::Status RewriteFiles(const Store& store, absl::Span<const FileRange> ranges, std::atomic<bool>& canceled) {
  if (absl::Status waited = AwaitOlderReaders(store, canceled); !waited.ok()) return waited;
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
  if (!status.ok()) return ReadError(status, "rewriting files without what was erased");
  return AwaitOlderReaders(store, canceled);  // Who began during the rewriting holds the old files.
}

}  // namespace playhead::storage
