#include "storage/store/meta.h"

#include "absl/strings/str_cat.h"
#include "storage/cursor.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

absl::StatusOr<std::optional<std::string>> GetMeta(const Store& store, absl::string_view key) {
  std::string value;
  const rocksdb::Status status = store.db()->Get({}, store.family(Family::kMeta), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return ReadError(status, absl::StrCat("reading meta ", key));
  return value;
}

absl::StatusOr<uint64_t> GetMetaNumber(const Store& store, absl::string_view key, uint64_t fallback) {
  auto value = GetMeta(store, key);
  if (!value.ok()) return value.status();
  if (!value->has_value()) return fallback;
  RecordReader reader(**value);
  const uint64_t number = reader.Get<uint64_t>();
  if (!reader.ok()) return MakeError(Reason::kDataLoss, absl::StrCat("meta ", key, " is damaged"));
  return number;
}

void PutMetaNumber(const Store& store, absl::string_view key, uint64_t value, rocksdb::WriteBatch& batch) {
  std::string bytes;
  RecordWriter(bytes).Put(value);
  // WriteBatch::Put fails only for keys or values beyond 4 GiB.
  batch.Put(store.family(Family::kMeta), ToSlice(key), bytes).PermitUncheckedError();
}

absl::Status NoteCommitsEnd(const Store& store, CommitPosition last, uint32_t epoch_floor) {
  if (last == CommitPosition() || last.epoch() >= epoch_floor) return absl::OkStatus();
  const auto noted = CommitsEnd(store, last.epoch());
  if (!noted.ok() || *noted != CommitPosition()) return noted.status();
  rocksdb::WriteBatch batch;
  PutMetaNumber(store, absl::StrCat(meta_key::kCommitsEndPrefix, last.epoch()), last.value(), batch);
  rocksdb::WriteOptions write;
  write.sync = true;  // The committer relies on it that at most one write is unsynced: its own.
  return ReadError(store.db()->Write(write, &batch), "noting where the commits ended");
}

absl::StatusOr<CommitPosition> CommitsEnd(const Store& store, uint32_t epoch_floor) {
  const auto end = GetMetaNumber(store, absl::StrCat(meta_key::kCommitsEndPrefix, epoch_floor), 0);
  if (!end.ok()) return end.status();
  return CommitPosition(*end);
}

absl::Status RaiseEpochFloor(const Store& store) {
  const auto floor = GetMetaNumber(store, meta_key::kEpochFloor, 0);
  if (!floor.ok()) return floor.status();
  if (*floor == Cursor::kEpochMax) {
    return absl::FailedPreconditionError(
        absl::StrCat("history may have been lost ", *floor, " times: no epochs are left"));
  }
  return RaiseEpochFloorTo(store, *floor + 1);
}

absl::Status RaiseEpochFloorTo(const Store& store, uint64_t floor) {
  rocksdb::WriteBatch batch;
  PutMetaNumber(store, meta_key::kEpochFloor, floor, batch);
  rocksdb::WriteOptions write;
  write.sync = true;
  return ReadError(store.db()->Write(write, &batch), "raising the epoch floor");
}

}  // namespace playhead::storage
