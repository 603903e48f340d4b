#include "storage/eraser.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/meta.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_status.h"

namespace playhead::storage {
namespace {

// Rewrites of commit records go out in batches of about this much, as commits do: what one write may leave torn is
// bounded (storage/wal_inspector.cc).
constexpr size_t kRewrittenBytesMax = size_t{1} << 20;

std::string ErasureKey(InstanceNumber instance) {
  return absl::StrCat(meta_key::kErasurePrefix, InstanceKey(instance));
}

// The ranges of a commit without those of `instance`; see docs/on-disk-format.md, `commits`.
std::string WithoutInstance(absl::string_view ranges, InstanceNumber instance) {
  constexpr size_t kRangeBytes = 3 * sizeof(uint64_t);
  std::string kept;
  for (; ranges.size() >= kRangeBytes; ranges.remove_prefix(kRangeBytes)) {
    if (RecordReader(ranges).Get<uint64_t>() != instance.value()) kept.append(ranges.data(), kRangeBytes);
  }
  return kept;
}

absl::Status EraseFromCommits(const Store& store, InstanceNumber instance,
                              absl::FunctionRef<absl::Status(FillBatch)> write) {
  rocksdb::ColumnFamilyHandle* commits = store.family(Family::kCommits);
  std::string next_key;
  for (bool more = true; more;) {
    more = false;
    size_t rewritten_bytes = 0;
    std::vector<std::pair<std::string, std::string>> rewritten;
    // A short-lived iterator for each batch: a long walk must not pin old files.
    const std::unique_ptr<rocksdb::Iterator> commit(store.db()->NewIterator(rocksdb::ReadOptions(), commits));
    for (commit->Seek(next_key); commit->Valid(); commit->Next()) {
      if (rewritten_bytes >= kRewrittenBytesMax) {
        next_key = commit->key().ToString();
        more = true;
        break;
      }
      std::string kept = WithoutInstance(FromSlice(commit->value()), instance);
      // Emptied records stay: the last one tells the position of the next commit.
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

}  // namespace

absl::StatusOr<std::vector<InstanceNumber>> PendingErasures(const Store& store) {
  std::vector<InstanceNumber> pending;
  const std::unique_ptr<rocksdb::Iterator> row(
      store.db()->NewIterator(rocksdb::ReadOptions(), store.family(Family::kMeta)));
  for (row->Seek(meta_key::kErasurePrefix); row->Valid(); row->Next()) {
    absl::string_view key = FromSlice(row->key());
    if (!absl::ConsumePrefix(&key, meta_key::kErasurePrefix)) break;
    pending.emplace_back(DecodeBigEndian(key));
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading pending erasures");
  return pending;
}

absl::Status EraseInstance(const Store& store, InstanceNumber instance, std::atomic<bool>& canceled,
                           absl::FunctionRef<absl::Status(FillBatch)> write) {
  const std::string lower = InstanceKey(instance);
  const std::string upper = InstanceKeyEnd(instance);
  // Not in the commit that deletes it: whoever is reading sees that it is deleted before its blocks go.
  absl::Status written = write([&](const Store& open, rocksdb::WriteBatch& batch) {
    for (const auto& [number, slice] : open.slices())
      batch.DeleteRange(slice.get(), lower, upper).PermitUncheckedError();
    for (const Family family : {Family::kDirectory, Family::kDedup}) {
      batch.DeleteRange(open.family(family), lower, upper).PermitUncheckedError();
    }
  });
  if (written.ok()) written = EraseFromCommits(store, instance, write);
  if (!written.ok()) return written;
  const rocksdb::Slice begin(lower);
  const rocksdb::Slice end(upper);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = &canceled;
  rocksdb::DB* db = store.db();
  rocksdb::Status status;
  const auto slices = store.slices();
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const auto& [number, slice] : slices) {
    families.push_back(slice.get());
    if (status.ok()) status = db->CompactRange(options, slice.get(), &begin, &end);
  }
  for (const Family family : {Family::kDirectory, Family::kDedup}) {
    if (status.ok()) status = db->CompactRange(options, store.family(family), &begin, &end);
  }
  // These are not ordered by instance number.
  for (const Family family : {Family::kInstances, Family::kCommits}) {
    if (status.ok()) status = db->CompactRange(options, store.family(family), nullptr, nullptr);
  }
  // A write-ahead log goes once every family has flushed what it holds.
  for (size_t i = 0; i < kFamilyNames.size(); ++i) families.push_back(store.family(static_cast<Family>(i)));
  if (status.ok()) status = db->Flush(rocksdb::FlushOptions(), families);
  if (!status.ok()) return ReadError(status, "erasing a deleted instance's bytes");
  written = write([instance](const Store& open, rocksdb::WriteBatch& batch) {
    batch.Delete(open.family(Family::kMeta), ErasureKey(instance)).PermitUncheckedError();
  });
  // The change of files that begins the manifest anew, without those that are gone. A start does the same.
  if (written.ok()) status = db->Flush(rocksdb::FlushOptions(), store.family(Family::kMeta));
  return written.ok() ? ReadError(status, "erasing a deleted instance's name") : written;
}

}  // namespace playhead::storage
