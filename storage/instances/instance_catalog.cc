#include "storage/instances/instance_catalog.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/blocks/block_store.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// The first byte of a key is its kind.
constexpr char kDeletedKind = 'D';  // + keyed hash of the name (16) -> epoch_base (4).
constexpr uint8_t kRecordFormat = 1;
constexpr size_t kNameHashBytes = 16;

std::string DeletedKey(const Store& store, absl::string_view name) {
  const std::string& key = store.name_hash_key();
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(name.data()),
       name.size(), hash, &size);
  return absl::StrCat(absl::string_view(&kDeletedKind, 1),
                      absl::string_view(reinterpret_cast<const char*>(hash), kNameHashBytes));
}

std::string EncodeRecord(const InstanceState& state) {
  std::string record;
  RecordWriter writer(record);
  writer.Put(kRecordFormat)
      .Put(state.number.value())
      .Put(state.created_at.micros())
      .Put(state.bounds.first.value())
      .Put(state.bounds.head.value())
      .Put(state.bounds.last_appended_at.micros())
      .Put(state.bounds.appended_bytes)
      .Put(state.epoch_base)
      .Put(static_cast<uint32_t>(state.bounds.epochs.ends().size()));
  for (const EpochHistory::End& end : state.bounds.epochs.ends()) writer.Put(end.epoch).Put(end.last_sequence);
  return record;
}

absl::Status EndsBeforeItsHead(const InstanceState& state) {
  return MakeError(Reason::kDataLoss, absl::StrCat("the log of instance ", state.number.value(),
                                                   " ends before its head, ", state.bounds.head.value()));
}

// Completes a record with what the last block contains. A head that went back would issue cursors twice, so a log that
// ends before the head in its record is damaged.
absl::Status ReadHead(const std::shared_ptr<const Store>& store, InstanceState& state) {
  BlockIterator block(store, state.number);
  block.SeekToLast();
  if (!block.status().ok()) return block.status();
  if (!block.Valid() || block.last().sequence() < state.bounds.first.sequence()) {
    // Nothing was appended yet, or everything was trimmed; what was trimmed may still be there, in part (some slices
    // are dropped before older ones). The record has the head.
    return state.bounds.event_count() == 0 ? absl::OkStatus() : EndsBeforeItsHead(state);
  }
  const auto header = Block::DecodeHeader(block.value());
  if (!header.ok()) return header.status();
  if (header->last() != block.last() || header->instance != state.number) {
    return MakeError(Reason::kDataLoss,
                     absl::StrCat("the last block of instance ", state.number.value(), " does not match its key"));
  }
  if (header->last() < state.bounds.head) return EndsBeforeItsHead(state);
  state.bounds.head = header->last();
  state.bounds.last_appended_at = header->last_appended_at;
  state.bounds.appended_bytes = header->log_bytes;
  state.last_slice = block.slice_number();
  // Never trimmed (a trim sets it), so it is the first event ever.
  if (state.bounds.first == Cursor()) {
    state.bounds.first = state.bounds.epochs.AtSequence(1, state.bounds.head);
  }
  return absl::OkStatus();
}

// The state of the instance with this record. If what its blocks say does not fit, and the record has changed since (a
// trim whose space is reclaimed already), reads both again. Number 0: the instance was deleted meanwhile.
absl::Status ReadState(const std::shared_ptr<const Store>& store, absl::string_view name, std::string record,
                       InstanceState& state) {
  for (;;) {
    auto recorded = DecodeInstanceRecord(record);
    if (!recorded.ok()) return recorded.status();
    state = *std::move(recorded);
    const absl::Status head = ReadHead(store, state);
    if (!HasReason(head, Reason::kDataLoss)) return head;
    std::string current;
    const rocksdb::Status status =
        store->db()->Get({}, store->family(Family::kInstances), InstanceNameKey(name), &current);
    if (status.IsNotFound()) {
      state = InstanceState();
      return absl::OkStatus();
    }
    if (!status.ok() || current == record) return head;
    record = std::move(current);
  }
}

}  // namespace

std::string InstanceNameKey(absl::string_view name) {
  return absl::StrCat(absl::string_view(&catalogue_key::kName, 1), name);
}

std::string InstanceNumberKey(InstanceNumber number) {
  return absl::StrCat(absl::string_view(&catalogue_key::kNumber, 1), InstanceKey(number));
}

absl::StatusOr<InstanceState> DecodeInstanceRecord(absl::string_view record) {
  RecordReader reader(record);
  InstanceState state;
  const uint8_t format = reader.Get<uint8_t>();
  state.number = InstanceNumber(reader.Get<uint64_t>());
  state.created_at = Timestamp(reader.Get<int64_t>());
  state.bounds.first = Cursor(reader.Get<uint64_t>());
  state.bounds.head = Cursor(reader.Get<uint64_t>());
  state.bounds.last_appended_at = Timestamp(reader.Get<int64_t>());
  state.bounds.appended_bytes = reader.Get<uint64_t>();
  state.epoch_base = reader.Get<uint32_t>();
  const uint32_t ends = reader.Get<uint32_t>();
  for (uint32_t i = 0; i < ends && reader.ok(); ++i) {
    const uint32_t epoch = reader.Get<uint32_t>();
    state.bounds.epochs.Add(epoch, reader.Get<uint64_t>());
  }
  if (!reader.ok() || !reader.at_end() || format != kRecordFormat) {
    return MakeError(Reason::kDataLoss, "an instance's record is damaged");
  }
  return state;
}

absl::StatusOr<InstanceState> LoadInstance(const std::shared_ptr<const Store>& store, absl::string_view name) {
  std::string record;
  rocksdb::Status status = store->db()->Get({}, store->family(Family::kInstances), InstanceNameKey(name), &record);
  InstanceState state;
  if (status.ok()) {
    if (absl::Status read = ReadState(store, name, std::move(record), state); !read.ok()) return read;
    if (state.number != InstanceNumber()) return state;
  } else if (!status.IsNotFound()) {
    return ReadError(status, "reading the catalogue");
  }
  status = store->db()->Get({}, store->family(Family::kInstances), DeletedKey(*store, name), &record);
  if (status.ok()) {
    state.epoch_base = RecordReader(record).Get<uint32_t>();
  } else if (!status.IsNotFound()) {
    return ReadError(status, "reading the catalogue");
  }
  return state;
}

absl::StatusOr<std::shared_ptr<LogInstance>> FindInstance(InstanceTable& table,
                                                          const std::shared_ptr<const Store>& store,
                                                          absl::string_view name) {
  auto instance = table.FindOrLoad(name, [&store](absl::string_view missing) { return LoadInstance(store, missing); });
  if (!instance.ok()) return instance;
  if (absl::Status status = (*instance)->CheckLoaded(); !status.ok()) return status;
  return instance;
}

absl::StatusOr<std::optional<Cursor>> FirstKept(const Store& store, InstanceNumber number) {
  std::string value;
  rocksdb::ColumnFamilyHandle* const family = store.family(Family::kInstances);
  rocksdb::Status status = store.db()->Get({}, family, InstanceNumberKey(number), &value);
  if (status.ok()) status = store.db()->Get({}, family, InstanceNameKey(value), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return ReadError(status, "reading the catalogue");
  const auto state = DecodeInstanceRecord(value);
  if (!state.ok()) return state.status();
  if (state->number != number) return std::nullopt;  // The name was deleted and created again between the two reads.
  return state->bounds.first;
}

absl::StatusOr<std::string> FindInstanceName(const Store& store, InstanceNumber number) {
  std::string name;
  const rocksdb::Status status =
      store.db()->Get({}, store.family(Family::kInstances), InstanceNumberKey(number), &name);
  if (!status.ok() && !status.IsNotFound()) return ReadError(status, "reading the catalogue");
  return name;
}

void PutInstance(const Store& store, absl::string_view name, const InstanceState& state, rocksdb::WriteBatch& batch) {
  rocksdb::ColumnFamilyHandle* family = store.family(Family::kInstances);
  batch.Put(family, InstanceNameKey(name), EncodeRecord(state)).PermitUncheckedError();
  batch.Put(family, InstanceNumberKey(state.number), ToSlice(name)).PermitUncheckedError();
}

void DeleteInstanceRecord(const Store& store, absl::string_view name, const InstanceState& state, uint32_t epoch_floor,
                          rocksdb::WriteBatch& batch) {
  std::string epoch_base;
  // Added to the floor of that time, this lets the name's next life begin above every epoch of this one.
  const uint32_t next_epoch = state.bounds.head.epoch() + 1;
  RecordWriter(epoch_base).Put(std::max(state.epoch_base, next_epoch - std::min(next_epoch, epoch_floor)));
  rocksdb::ColumnFamilyHandle* family = store.family(Family::kInstances);
  batch.Delete(family, InstanceNameKey(name)).PermitUncheckedError();
  batch.Delete(family, InstanceNumberKey(state.number)).PermitUncheckedError();
  batch.Put(family, DeletedKey(store, name), epoch_base).PermitUncheckedError();
}

absl::StatusOr<std::vector<InstanceInfo>> ListInstanceInfos(const std::shared_ptr<const Store>& store,
                                                            absl::string_view prefix, absl::string_view after_name,
                                                            size_t limit) {
  std::vector<InstanceInfo> infos;
  const auto row = store->NewIterator(store->family(Family::kInstances));
  const std::string first = InstanceNameKey(prefix);
  const std::string after = InstanceNameKey(after_name);
  for (row->Seek(std::max(first, after)); row->Valid() && infos.size() < limit; row->Next()) {
    const absl::string_view key = FromSlice(row->key());
    if (!absl::StartsWith(key, first)) break;
    if (!after_name.empty() && key == after) continue;
    const absl::string_view name = key.substr(1);
    InstanceState state;
    absl::Status read = ReadState(store, name, row->value().ToString(), state);
    if (read.ok() && state.number == InstanceNumber()) continue;
    if (!read.ok() && state.number == InstanceNumber()) return read;  // The record itself is damaged.
    infos.push_back({std::string(name), state.number, state.created_at,
                     read.ok() ? absl::StatusOr<LogBounds>(std::move(state.bounds)) : std::move(read)});
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading the catalogue");
  return infos;
}

}  // namespace playhead::storage
