#include "storage/commit_forgetter.h"

#include <memory>
#include <utility>
#include <vector>

#include "proto/errors.h"
#include "storage/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/meta.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_status.h"

namespace playhead::storage {
absl::StatusOr<CommitPosition> FirstCommit(const Store& store, const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions read;
  read.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = store.db()->Get(read, store.family(Family::kMeta), meta_key::kCommitsFirst, &value);
  if (status.IsNotFound()) return CommitPosition();
  if (!status.ok()) return ReadError(status, "reading meta");
  return CommitPosition(RecordReader(value).Get<uint64_t>());
}

absl::StatusOr<CommitForgetter::Fate> CommitForgetter::Judge(const Store& store, absl::string_view ranges) {
  RecordReader reader(ranges);
  Fate fate = Fate::kDeleted;
  while (!reader.at_end()) {
    const auto number = reader.Get<uint64_t>();
    reader.Get<uint64_t>();  // The first cursor.
    const Cursor last(reader.Get<uint64_t>());
    if (!reader.ok()) return MakeError(Reason::kDataLoss, "the record of a commit is damaged");
    if (first_kept_.size() >= kInstancesKnownMax) first_kept_.clear();
    auto known = first_kept_.find(number);
    if (known == first_kept_.end()) {
      auto first = FirstKept(store, InstanceNumber(number));
      if (!first.ok()) return first.status();
      known = first_kept_.emplace(number, *first).first;
    }
    if (!known->second) continue;
    if (last >= *known->second) return Fate::kKept;
    fate = Fate::kTrimmed;
  }
  return fate;
}

absl::StatusOr<bool> CommitForgetter::Run(const Store& store, absl::FunctionRef<absl::Status(FillBatch)> write) {
  std::vector<std::string> gone;  // Keys.
  CommitPosition last_trimmed;
  bool more = false;
  {
    const std::unique_ptr<rocksdb::Iterator> row(
        store.db()->NewIterator(rocksdb::ReadOptions(), store.family(Family::kCommits)));
    size_t rows = 0;
    row->Seek(next_key_);
    while (row->Valid()) {
      const std::string key = row->key().ToString();
      if (rows++ == kStepRows) {
        more = true;
        next_key_ = key;
        break;
      }
      const auto fate = Judge(store, FromSlice(row->value()));
      if (!fate.ok()) return fate.status();
      row->Next();
      if (!row->Valid()) break;  // The newest stays.
      if (*fate == Fate::kKept) continue;
      gone.push_back(key);
      if (*fate == Fate::kTrimmed) last_trimmed = CommitPosition(DecodeBigEndian(key));
    }
    if (!row->status().ok()) return ReadError(row->status(), "reading the commits");
  }
  if (gone.empty()) return more;
  const auto first = FirstCommit(store, nullptr);
  if (!first.ok()) return first.status();
  const absl::Status written = write([&](const Store& open, rocksdb::WriteBatch& batch) {
    rocksdb::ColumnFamilyHandle* const commits = open.family(Family::kCommits);
    for (const std::string& key : gone) batch.Delete(commits, key).PermitUncheckedError();
    if (last_trimmed >= *first && last_trimmed != CommitPosition()) {
      PutMetaNumber(open, meta_key::kCommitsFirst, last_trimmed.next().value(), batch);
    }
  });
  if (!written.ok()) return written;
  return more;
}

}  // namespace playhead::storage
