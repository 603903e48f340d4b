#include "storage/store/record_rows.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

Family FamilyOf(RecordSpace space) { return space == RecordSpace::kConsumers ? Family::kConsumers : Family::kKeys; }

}  // namespace

absl::Status CheckRecordChanges(const std::vector<RecordChange>& changes) {
  if (changes.empty() || changes.size() > kRecordChangesMax) {
    return MakeError(Reason::kMalformedRequest,
                     absl::StrCat(changes.size(), " changes; 1 to ", kRecordChangesMax, " are allowed in one write"));
  }
  for (const RecordChange& change : changes) {
    if (change.key.empty() || change.key.size() > kRecordKeyBytesMax) {
      return MakeError(Reason::kMalformedRequest, absl::StrCat("a record's key has ", change.key.size(),
                                                               " bytes; 1 to ", kRecordKeyBytesMax, " are allowed"));
    }
    if (change.value && change.value->size() > kRecordValueBytesMax) {
      return MakeError(Reason::kMalformedRequest, absl::StrCat("a record's value has ", change.value->size(),
                                                               " bytes; up to ", kRecordValueBytesMax, " are allowed"));
    }
  }
  if (const size_t bytes = RecordBytes(changes); bytes > kRecordChangesBytesMax) {
    return MakeError(Reason::kMalformedRequest, absl::StrCat("the changes have ", bytes, " bytes; up to ",
                                                             kRecordChangesBytesMax, " are allowed in one write"));
  }
  return absl::OkStatus();
}

size_t RecordBytes(const std::vector<RecordChange>& changes) {
  size_t bytes = 0;
  for (const RecordChange& change : changes) bytes += change.key.size() + (change.value ? change.value->size() : 0);
  return bytes;
}

void PutRecordChanges(const Store& store, const std::vector<RecordChange>& changes, rocksdb::WriteBatch& batch) {
  for (const RecordChange& change : changes) {
    rocksdb::ColumnFamilyHandle* const family = store.family(FamilyOf(change.space));
    // Both fail only for keys or values beyond 4 GiB.
    if (change.value) {
      batch.Put(family, change.key, *change.value).PermitUncheckedError();
    } else {
      batch.Delete(family, change.key).PermitUncheckedError();
    }
  }
}

absl::StatusOr<std::vector<Record>> ScanRecords(const Store& store, RecordSpace space, absl::string_view prefix,
                                                absl::string_view after_key, size_t limit) {
  limit = std::min(limit, kRecordScanMax);
  std::vector<Record> records;
  size_t bytes = 0;
  const auto row = store.NewIterator(store.family(FamilyOf(space)));
  for (row->Seek(ToSlice(std::max(prefix, after_key))); row->Valid(); row->Next()) {
    const absl::string_view key = FromSlice(row->key());
    if (!absl::StartsWith(key, prefix) || records.size() == limit || bytes >= kRecordScanBytesMax) break;
    if (key == after_key) continue;
    bytes += key.size() + row->value().size();
    records.push_back({std::string(key), row->value().ToString()});
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading records");
  return records;
}

}  // namespace playhead::storage
