#include "storage/housekeeping/commit_forgetter.h"

#include <memory>
#include <utility>
#include <vector>

#include "proto/errors.h"
#include "storage/instances/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

absl::StatusOr<bool> CommitForgetter::IsGone(const Store& store, absl::string_view ranges,
                                             std::vector<uint64_t>& trimmed) {
  trimmed.clear();
  RecordReader reader(ranges);
  while (!reader.at_end()) {
    const auto number = reader.Get<uint64_t>();
    reader.Get<uint64_t>();  // The first cursor.
    const Cursor last(reader.Get<uint64_t>());
    if (!reader.ok()) return false;
    if (first_kept_.size() >= kInstancesKnownMax) first_kept_.clear();
    auto known = first_kept_.find(number);
    if (known == first_kept_.end()) {
      auto first = FirstKept(store, InstanceNumber(number));
      if (HasReason(first.status(), Reason::kDataLoss)) return false;
      if (!first.ok()) return first.status();
      known = first_kept_.emplace(number, *first).first;
    }
    if (!known->second) continue;
    if (last >= *known->second) return false;
    trimmed.push_back(number);
  }
  return true;
}

absl::StatusOr<bool> CommitForgetter::Run(const Store& store, absl::FunctionRef<absl::Status(FillBatch)> write) {
  std::vector<std::string> gone;  // Keys.
  LastForgotten last;
  bool more = false;
  {
    const auto row = store.NewIterator(store.family(Family::kCommits));
    size_t rows = 0;
    std::vector<uint64_t> trimmed;
    row->Seek(next_key_);
    while (row->Valid()) {
      const std::string key = row->key().ToString();
      if (rows++ == kStepRows || last.size() >= kInstancesNotedMax) {
        more = true;
        next_key_ = key;
        break;
      }
      const auto is_gone = IsGone(store, FromSlice(row->value()), trimmed);
      if (!is_gone.ok()) return is_gone.status();
      row->Next();
      if (!row->Valid()) break;  // The newest stays.
      if (!*is_gone) continue;
      gone.push_back(key);
      for (const uint64_t instance : trimmed) last[instance] = CommitPosition(DecodeBigEndian(key));
    }
    if (!row->status().ok()) return ReadError(row->status(), "reading the commits");
  }
  if (gone.empty()) return more;
  const auto noted = RowsOfForgotten(store, last);
  if (!noted.ok()) return noted.status();
  const absl::Status written = write([&](const Store& open, rocksdb::WriteBatch& batch) {
    rocksdb::ColumnFamilyHandle* const commits = open.family(Family::kCommits);
    for (const std::string& key : gone) batch.Delete(commits, key).PermitUncheckedError();
    for (const auto& [key, value] : *noted) batch.Put(open.family(Family::kMeta), key, value).PermitUncheckedError();
  });
  if (!written.ok()) return written;
  return more;
}

}  // namespace playhead::storage
