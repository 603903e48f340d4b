#include "storage/erase/eraser.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/erase/file_rewriter.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/meta.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// The approximate size of one write: recovery relies on a bound (storage/store/wal_inspector.cc).
constexpr size_t kWriteBytesMax = size_t{1} << 20;
// About what deleting a key adds to a write besides the key.
constexpr size_t kDeletionBytes = 8;

std::string ErasureKey(InstanceNumber instance) {
  return absl::StrCat(meta_key::kErasurePrefix, InstanceKey(instance));
}

using InstanceSet = absl::flat_hash_set<uint64_t>;

// The ranges of a commit without those of `instances`; see docs/on-disk-format.md, `commits`.
std::string WithoutInstances(absl::string_view ranges, const InstanceSet& instances) {
  constexpr size_t kRangeBytes = 3 * sizeof(uint64_t);
  std::string kept;
  for (; ranges.size() >= kRangeBytes; ranges.remove_prefix(kRangeBytes)) {
    if (!instances.contains(RecordReader(ranges).Get<uint64_t>())) kept.append(ranges.data(), kRangeBytes);
  }
  return kept;
}

// The keys from `lower` up to `upper`, exclusive.
struct KeyRange {
  std::string lower;
  std::string upper;
};

// The key ranges of the instances; one range for consecutive numbers.
std::vector<KeyRange> RangesOf(absl::Span<const InstanceNumber> instances) {
  std::vector<KeyRange> ranges;
  for (const InstanceNumber instance : instances) {
    std::string lower = InstanceKey(instance);
    if (!ranges.empty() && ranges.back().upper == lower) {
      ranges.back().upper = InstanceKeyEnd(instance);
    } else {
      ranges.push_back({std::move(lower), InstanceKeyEnd(instance)});
    }
  }
  return ranges;
}

// A column family whose keys begin with an instance's number.
struct Place {
  Family family = Family::kDirectory;
  uint32_t slice = 0;  // If not 0, this slice instead of `family`.
};

// Deletes key by key. A range tombstone would need only one write, but iterators of RocksDB 7.8 over files with range
// tombstones free memory twice, abort, or skip keys (facebook/rocksdb#11786, #12805; //tests/simulation).
absl::Status EraseRange(const Store& store, const Place& place, const KeyRange& range,
                        absl::FunctionRef<absl::Status(FillBatch)> write) {
  const FamilyHandle held = place.slice == 0 ? nullptr : store.slice(place.slice);
  if (place.slice != 0 && held == nullptr) return absl::OkStatus();  // Dropped, with its keys.
  rocksdb::ColumnFamilyHandle* const family = place.slice == 0 ? store.family(place.family) : held.get();
  const rocksdb::Slice upper(range.upper);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.total_order_seek = true;
  options.fill_cache = false;
  std::string next_key = range.lower;
  for (bool more = true; more;) {
    more = false;
    size_t bytes = 0;
    std::vector<std::string> keys;
    {
      const auto row = store.NewIterator(family, options);
      for (row->Seek(next_key); row->Valid(); row->Next()) {
        if (bytes >= kWriteBytesMax) {
          next_key = row->key().ToString();
          more = true;
          break;
        }
        bytes += row->key().size() + kDeletionBytes;
        keys.push_back(row->key().ToString());
      }
      if (!row->status().ok()) return ReadError(row->status(), "reading what is to be erased");
    }
    if (keys.empty()) continue;
    const absl::Status written = write([&keys, &place](const Store& open, rocksdb::WriteBatch& batch) {
      const FamilyHandle slice = place.slice == 0 ? nullptr : open.slice(place.slice);
      if (place.slice != 0 && slice == nullptr) return;
      rocksdb::ColumnFamilyHandle* const from = place.slice == 0 ? open.family(place.family) : slice.get();
      for (const std::string& key : keys) batch.Delete(from, key).PermitUncheckedError();
    });
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

absl::Status EraseKeys(const Store& store, absl::Span<const KeyRange> ranges,
                       absl::FunctionRef<absl::Status(FillBatch)> write) {
  std::vector<Place> places = {{.family = Family::kDirectory}, {.family = Family::kDedup}};
  for (const auto& [number, slice] : store.slices()) places.push_back({.slice = number});
  for (const Place& place : places) {
    for (const KeyRange& range : ranges) {
      if (absl::Status status = EraseRange(store, place, range, write); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status EraseFromCommits(const Store& store, const InstanceSet& instances,
                              absl::FunctionRef<absl::Status(FillBatch)> write) {
  rocksdb::ColumnFamilyHandle* commits = store.family(Family::kCommits);
  std::string next_key;
  for (bool more = true; more;) {
    more = false;
    size_t rewritten_bytes = 0;
    std::vector<std::pair<std::string, std::string>> rewritten;
    // A short-lived iterator for each batch: a long walk must not pin old files.
    const auto commit = store.NewIterator(commits);
    for (commit->Seek(next_key); commit->Valid(); commit->Next()) {
      if (rewritten_bytes >= kWriteBytesMax) {
        next_key = commit->key().ToString();
        more = true;
        break;
      }
      std::string kept = WithoutInstances(FromSlice(commit->value()), instances);
      // Emptied rows stay: the last one determines the position of the next commit.
      if (kept.size() == commit->value().size()) continue;
      rewritten_bytes += commit->key().size() + kept.size() + 16;
      rewritten.emplace_back(commit->key().ToString(), std::move(kept));
    }
    if (!commit->status().ok()) return ReadError(commit->status(), "reading the commits");
    if (rewritten.empty()) continue;
    const absl::Status written = write([&rewritten](const Store& open, rocksdb::WriteBatch& batch) {
      for (const auto& [key, value] : rewritten) {
        batch.Put(open.family(Family::kCommits), key, value).PermitUncheckedError();
      }
    });
    if (!written.ok()) return written;
  }
  return absl::OkStatus();
}

// The files with keys from `lower` to `upper`. One range for all erased instances: with a range for each, a file would
// be rewritten once for every instance that it holds.
std::vector<FileRange> FilesOf(const Store& store, const std::string& lower, const std::string& upper) {
  std::vector<FileRange> files;
  for (const auto& [number, slice] : store.slices()) files.push_back({slice, lower, upper});
  for (const Family family : {Family::kDirectory, Family::kDedup}) {
    FileRange range = WholeFamily(store, family);
    files.push_back({range.family, lower, upper});
  }
  // These are not ordered by instance number.
  for (const Family family : {Family::kInstances, Family::kCommits}) files.push_back(WholeFamily(store, family));
  return files;
}

}  // namespace

absl::StatusOr<std::vector<InstanceNumber>> PendingErasures(const Store& store) {
  std::vector<InstanceNumber> pending;
  const auto row = store.NewIterator(store.family(Family::kMeta));
  for (row->Seek(meta_key::kErasurePrefix); row->Valid() && pending.size() < kErasedTogetherMax; row->Next()) {
    absl::string_view key = FromSlice(row->key());
    if (!absl::ConsumePrefix(&key, meta_key::kErasurePrefix)) break;
    pending.emplace_back(DecodeBigEndian(key));
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading pending erasures");
  return pending;
}

absl::Status EraseInstances(const Store& store, absl::Span<const InstanceNumber> instances, std::atomic<bool>& canceled,
                            absl::FunctionRef<absl::Status(FillBatch)> write) {
  const std::vector<KeyRange> ranges = RangesOf(instances);
  InstanceSet numbers;
  for (const InstanceNumber instance : instances) numbers.insert(instance.value());
  // Not in the commit that deletes the instance: readers must see that it is deleted before its blocks disappear.
  absl::Status status = EraseKeys(store, ranges, write);
  if (status.ok()) status = EraseFromCommits(store, numbers, write);
  if (status.ok())
    status = RewriteFiles(store, FilesOf(store, ranges.front().lower, ranges.back().upper), canceled, write);
  if (!status.ok()) return status;
  status = write([instances](const Store& open, rocksdb::WriteBatch& batch) {
    for (const InstanceNumber instance : instances) {
      batch.Delete(open.family(Family::kMeta), ErasureKey(instance)).PermitUncheckedError();
      batch.Delete(open.family(Family::kMeta), ForgottenKey(instance)).PermitUncheckedError();
    }
  });
  if (!status.ok()) return status;
  // A flush starts a new manifest, which no longer names the files that are gone. So does a start.
  return ReadError(store.db()->Flush(rocksdb::FlushOptions(), store.family(Family::kMeta)),
                   "erasing the names of deleted instances");
}

absl::StatusOr<bool> PurgeRecords(const Store& store, Timestamp before, std::atomic<bool>& canceled,
                                  absl::FunctionRef<absl::Status(FillBatch)> write) {
  std::vector<std::string> due;
  bool more = false;
  {
    const auto row = store.NewIterator(store.family(Family::kMeta));
    for (row->Seek(meta_key::kRecordsPurgePrefix);
         row->Valid() && row->key().starts_with(meta_key::kRecordsPurgePrefix); row->Next()) {
      const auto written_at = RecordReader(FromSlice(row->value())).Get<int64_t>();
      if (Timestamp(written_at) < before && due.size() < kErasedTogetherMax) {
        due.push_back(row->key().ToString());
      } else {
        more = true;
      }
    }
    if (!row->status().ok()) return ReadError(row->status(), "reading what is to be purged");
  }
  if (due.empty()) return more;
  const FileRange families[] = {WholeFamily(store, Family::kConsumers), WholeFamily(store, Family::kKeys)};
  if (absl::Status status = RewriteFiles(store, families, canceled, write); !status.ok()) return status;
  const absl::Status written = write([&due](const Store& open, rocksdb::WriteBatch& batch) {
    for (const std::string& key : due) batch.Delete(open.family(Family::kMeta), key).PermitUncheckedError();
  });
  if (!written.ok()) return written;
  return more;
}

}  // namespace playhead::storage
