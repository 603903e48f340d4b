#include "storage/store/forgotten_commits.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/meta.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// The number of all rows that older builds removed.
constexpr uint64_t kUnattributed = 1;

struct ForgottenRow {
  CommitPosition last;
  uint64_t number = 0;  // Of the write that removed that commit's row.
};

absl::StatusOr<ForgottenRow> DecodeRow(absl::string_view value) {
  RecordReader reader(value);
  ForgottenRow row;
  row.last = CommitPosition(reader.Get<uint64_t>());
  row.number = reader.Get<uint64_t>();
  if (!reader.ok()) return MakeError(Reason::kDataLoss, "what is known of forgotten commits is damaged");
  return row;
}

// The position before which rows were removed without recording their instances.
absl::StatusOr<CommitPosition> UnattributedBefore(const Store& store, CommitPosition first) {
  const auto count = GetMeta(store, meta_key::kForgettings);
  if (!count.ok()) return count.status();
  if (!count->has_value()) return first;
  const auto before = GetMetaNumber(store, meta_key::kCommitsUnattributed, 0);
  if (!before.ok()) return before.status();
  return CommitPosition(*before);
}

// Whether some commits before `first` may be after `position`.
bool IsBefore(StorePosition position, CommitPosition first) {
  return first != CommitPosition() && position < StorePosition::EndOf(CommitPosition(first.value() - 1));
}

}  // namespace

absl::StatusOr<CommitPosition> FirstCommit(const Store& store) {
  const auto first = GetMetaNumber(store, meta_key::kCommitsFirst, 0);
  if (!first.ok()) return first.status();
  return CommitPosition(*first);
}

absl::StatusOr<uint64_t> ForgettingsCount(const Store& store) {
  return GetMetaNumber(store, meta_key::kForgettings, kUnattributed);
}

absl::StatusOr<bool> WereForgotten(const Store& store, StorePosition position, uint64_t heard,
                                   absl::FunctionRef<absl::StatusOr<bool>(InstanceNumber, CommitPosition)> wanted) {
  const auto first = FirstCommit(store);
  if (!first.ok()) return first.status();
  if (!IsBefore(position, *first)) return false;
  if (heard < kUnattributed) {
    const auto before = UnattributedBefore(store, *first);
    if (!before.ok()) return before.status();
    if (IsBefore(position, *before)) return true;
  }
  const auto row = store.NewIterator(store.family(Family::kMeta));
  for (row->Seek(meta_key::kForgottenPrefix); row->Valid(); row->Next()) {
    absl::string_view key = FromSlice(row->key());
    if (!absl::ConsumePrefix(&key, meta_key::kForgottenPrefix)) break;
    const auto forgotten = DecodeRow(FromSlice(row->value()));
    if (!forgotten.ok()) return forgotten.status();
    const InstanceNumber instance(DecodeBigEndian(key));
    if (forgotten->number <= heard ||
        StorePosition{forgotten->last, instance, {}} < StorePosition{position.commit, position.instance, {}}) {
      continue;
    }
    const auto missed = wanted(instance, forgotten->last);
    if (!missed.ok() || *missed) return missed;
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading what is known of forgotten commits");
  return false;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RowsOfForgotten(const Store& store,
                                                                                 const LastForgotten& last) {
  std::vector<std::pair<std::string, std::string>> rows;
  if (last.empty()) return rows;
  const auto first = FirstCommit(store);
  if (!first.ok()) return first.status();
  const auto count = ForgettingsCount(store);
  if (!count.ok()) return count.status();
  const auto unattributed = UnattributedBefore(store, *first);
  if (!unattributed.ok()) return unattributed.status();
  const auto put = [&rows](std::string key, auto... numbers) {
    std::string value;
    RecordWriter writer(value);
    (writer.Put(uint64_t{numbers}), ...);
    rows.emplace_back(std::move(key), std::move(value));
  };
  CommitPosition last_of_all;
  for (const auto& [instance, position] : last) {
    last_of_all = std::max(last_of_all, position);
    std::string key = ForgottenKey(InstanceNumber(instance));
    const auto before = GetMeta(store, key);
    if (!before.ok()) return before.status();
    const auto known = before->has_value() ? DecodeRow(**before) : ForgottenRow();
    if (!known.ok()) return known.status();
    put(std::move(key), std::max(position, known->last).value(), *count + 1);
  }
  put(meta_key::kForgettings, *count + 1);
  put(meta_key::kCommitsUnattributed, unattributed->value());
  put(meta_key::kCommitsFirst, std::max(last_of_all.next(), *first).value());
  return rows;
}

std::string ForgottenKey(InstanceNumber instance) {
  return absl::StrCat(meta_key::kForgottenPrefix, InstanceKey(instance));
}

}  // namespace playhead::storage
