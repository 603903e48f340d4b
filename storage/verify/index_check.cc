#include "storage/verify/index_check.h"

#include <algorithm>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/dedup_records.h"
#include "storage/store/directory.h"
#include "storage/store/meta.h"
#include "storage/store/rocksdb_status.h"
#include "storage/verify/read_refusal.h"

namespace playhead::storage {
namespace {

// About how much one step reads; small enough that no view is held for long.
constexpr uint64_t kStepRows = 20'000;
constexpr uint64_t kStepBytes = uint64_t{4} << 20;
// A long walk renews its iterator after this many rows, because an iterator pins files.
constexpr uint64_t kIteratorRows = 50'000;

// What one view knows of the instances, by number.
class Instances {
 public:
  struct Known {
    bool gone = false;        // It does not exist, and is not being erased.
    bool comparable = false;  // If not, it is being erased, or cannot be read, which other checks report.
    std::string name;
    LogBounds bounds;  // The head is that of its last block.
  };

  explicit Instances(const StoreView& view) : view_(view) {}

  const Known& Find(InstanceNumber number) {
    const auto [it, inserted] = known_.try_emplace(number.value());
    Known& known = it->second;
    if (inserted) known.comparable = Load(number, known).ok() && !known.name.empty();
    return known;
  }

 private:
  absl::Status Load(InstanceNumber number, Known& known) {
    const auto name = view_.Get(Family::kInstances, InstanceNumberKey(number));
    if (!name.ok()) return name.status();
    if (!name->has_value()) {
      const auto erasure = view_.Get(Family::kMeta, absl::StrCat(meta_key::kErasurePrefix, InstanceKey(number)));
      if (erasure.ok()) known.gone = !erasure->has_value();
      return erasure.status();
    }
    known.name = **name;
    const auto record = view_.Get(Family::kInstances, InstanceNameKey(known.name));
    if (!record.ok()) return record.status();
    auto state = record->has_value() ? DecodeInstanceRecord(**record) : absl::StatusOr<InstanceState>(InstanceState());
    if (state.ok()) known.bounds = std::move(state->bounds);  // If not, the catalogue's check reports it.
    return ReadHead(number, known);
  }

  absl::Status ReadHead(InstanceNumber number, Known& known) {
    const auto entry = view_.NewIterator(view_.store().family(Family::kDirectory));
    const std::string end = InstanceKeyEnd(number);
    const std::string begin = InstanceKey(number);
    const auto ours = [&](const rocksdb::Iterator& it) { return it.Valid() && it.key().compare(begin) >= 0; };
    for (entry->SeekForPrev(end); ours(*entry); entry->Prev()) {
      const FamilyHandle slice = view_.store().slice(RecordReader(FromSlice(entry->value())).Get<uint32_t>());
      if (slice == nullptr) continue;  // The log's check reports it.
      const auto block = view_.NewIterator(slice.get());
      block->SeekForPrev(end);
      if (!block->status().ok()) return ReadError(block->status(), "reading blocks");
      if (!ours(*block)) continue;
      known.bounds.head = std::max(known.bounds.head, BlockKeyCursor(FromSlice(block->key())));
      break;
    }
    return ReadError(entry->status(), "reading the directory");
  }

  const StoreView& view_;
  absl::flat_hash_map<uint64_t, Known> known_;
};

// Walks rows of a family from `from` on until the step is full.
absl::StatusOr<IndexStep> Walk(
    const StoreView& view, rocksdb::ColumnFamilyHandle* family, const std::string& from, FindingKind unreadable,
    absl::FunctionRef<absl::Status(absl::string_view, absl::string_view, IndexStep&)> check) {
  IndexStep step;
  const auto row = view.NewIterator(family);
  for (row->Seek(from); row->Valid(); row->Next()) {
    if (step.rows >= kStepRows || step.bytes >= kStepBytes) {
      step.next_key = row->key().ToString();
      return step;
    }
    ++step.rows;
    step.bytes += row->key().size() + row->value().size();
    if (absl::Status status = check(FromSlice(row->key()), FromSlice(row->value()), step); !status.ok()) return status;
  }
  if (absl::Status refused = ReadRefusal(row->status(), absl::StrCat("reading ", family->GetName())); !refused.ok()) {
    return refused;
  }
  if (!row->status().ok()) {
    step.findings.push_back(
        {.kind = unreadable,
         .what = absl::StrCat(family->GetName(), " cannot be read on: ", row->status().ToString())});
  }
  return step;
}

// The events that an identity names.
struct NamedEvents {
  bool is_run = false;
  Cursor first;
  uint32_t count = 1;
};

std::optional<NamedEvents> DecodeIdentity(absl::string_view key, absl::string_view value) {
  if (key[kInstanceKeyBytes] != 'P') {
    const auto id = DecodeIdRecord(value);
    if (!id) return std::nullopt;
    return NamedEvents{.first = id->cursor};
  }
  const auto run = DecodeRunRecord(value);
  if (!run || run->count == 0) return std::nullopt;
  return NamedEvents{true, run->first, run->count};
}

absl::StatusOr<uint64_t> MetaNumber(const StoreView& view, absl::string_view key) {
  const auto value = view.Get(Family::kMeta, key);
  if (!value.ok()) return value.status();
  return value->has_value() ? RecordReader(**value).Get<uint64_t>() : 0;
}

}  // namespace

absl::StatusOr<CommitPosition> CommitsFirst(const StoreView& view) {
  const auto position = MetaNumber(view, meta_key::kCommitsFirst);
  if (!position.ok()) return position.status();
  return CommitPosition(*position);
}

absl::StatusOr<IndexStep> CheckCatalogue(const StoreView& view, absl::FunctionRef<bool()> go_on) {
  IndexStep step;
  const auto count = MetaNumber(view, meta_key::kInstanceCount);
  const auto last = MetaNumber(view, meta_key::kInstanceLast);
  if (!count.ok()) return count.status();
  if (!last.ok()) return last.status();
  uint64_t names = 0;
  uint64_t numbers = 0;
  const auto find = [&step](std::string name, std::string what) {
    step.findings.push_back({.kind = FindingKind::kCatalogue, .instance = std::move(name), .what = std::move(what)});
  };
  rocksdb::ColumnFamilyHandle* const family = view.store().family(Family::kInstances);
  auto row = view.NewIterator(family);
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    if (++step.rows % kIteratorRows == 0) {
      const std::string key = row->key().ToString();
      row = view.NewIterator(family);
      row->Seek(key);
    }
    if (step.rows % 1000 == 0 && !go_on()) return absl::CancelledError("the check was called off");
    step.bytes += row->key().size() + row->value().size();
    const absl::string_view key = FromSlice(row->key());
    const std::string rest(key.empty() ? key : key.substr(1));
    if (!key.empty() && key[0] == catalogue_key::kNumber) {
      ++numbers;
      const auto record = view.Get(Family::kInstances, InstanceNameKey(FromSlice(row->value())));
      if (HasReason(record.status(), Reason::kDataLoss)) {
        find(row->value().ToString(), std::string(record.status().message()));
        continue;
      }
      if (!record.ok()) return record.status();
      if (!record->has_value()) find(row->value().ToString(), "a number leads to this name, which there is not");
    } else if (!key.empty() && key[0] == catalogue_key::kName) {
      ++names;
      const auto state = DecodeInstanceRecord(FromSlice(row->value()));
      if (!state.ok()) {
        find(rest, std::string(state.status().message()));
        continue;
      }
      const auto name = view.Get(Family::kInstances, InstanceNumberKey(state->number));
      if (HasReason(name.status(), Reason::kDataLoss)) {
        find(rest, std::string(name.status().message()));
        continue;
      }
      if (!name.ok()) return name.status();
      if (!name->has_value() || **name != rest) {
        find(rest, absl::StrCat("its number, ", state->number.value(), ", leads to ",
                                name->has_value() ? **name : "no name"));
      }
      if (state->number.value() == 0 || state->number.value() > *last) {
        find(rest, absl::StrCat("its number, ", state->number.value(), ", was never given: the last is ", *last));
      }
    }
  }
  if (absl::Status refused = ReadRefusal(row->status(), "reading the catalogue"); !refused.ok()) return refused;
  if (!row->status().ok()) {
    find("", absl::StrCat("the catalogue cannot be read on: ", row->status().ToString()));
  } else if (names != *count || numbers != names) {
    // Reports differences, which stay the same while instances come and go, so that the second look can confirm them.
    find("", absl::StrCat("there are ", static_cast<int64_t>(names - *count), " more names, and ",
                          static_cast<int64_t>(numbers - *count), " more numbers, than it counts"));
  }
  return step;
}

absl::StatusOr<IndexStep> CheckCommits(const StoreView& view, const std::string& from) {
  Instances instances(view);
  return Walk(view, view.store().family(Family::kCommits), from, FindingKind::kCommit,
              [&](absl::string_view key, absl::string_view ranges, IndexStep& step) -> absl::Status {
                const uint64_t position = DecodeBigEndian(key);
                const auto find = [&](std::string name, Cursor first, Cursor last, absl::string_view what) {
                  step.findings.push_back({.kind = FindingKind::kCommit,
                                           .instance = std::move(name),
                                           .first = first,
                                           .last = last,
                                           .what = absl::StrCat("the record of commit ", position, " ", what)});
                };
                RecordReader reader(ranges);
                while (!reader.at_end()) {
                  const InstanceNumber number(reader.Get<uint64_t>());
                  const Cursor first(reader.Get<uint64_t>());
                  const Cursor last(reader.Get<uint64_t>());
                  if (!reader.ok()) {
                    find("", Cursor(), Cursor(), "is malformed");
                    break;
                  }
                  const Instances::Known& known = instances.Find(number);
                  if (known.gone) {
                    find("", first, last,
                         absl::StrCat("names instance number ", number.value(), ", which there is not"));
                  } else if (known.comparable && (first > last || last > known.bounds.head)) {
                    find(known.name, first, last, "names events that the log does not have");
                  }
                }
                return absl::OkStatus();
              });
}

absl::StatusOr<IndexStep> CheckIdentities(const StoreView& view, const std::string& from) {
  Instances instances(view);
  std::string run_prefix;  // Of the previous run: instance and producer.
  uint64_t run_end = 0;    // The sequence after it.
  return Walk(view, view.store().family(Family::kDedup), from, FindingKind::kIdentity,
              [&](absl::string_view key, absl::string_view value, IndexStep& step) -> absl::Status {
                if (key.size() < kInstanceKeyBytes + 2) {
                  step.findings.push_back({.kind = FindingKind::kIdentity, .what = "a key is malformed"});
                  return absl::OkStatus();
                }
                const Instances::Known& known =
                    instances.Find(InstanceNumber(DecodeBigEndian(key.substr(0, kInstanceKeyBytes))));
                if (!known.gone && !known.comparable) return absl::OkStatus();
                const auto find = [&](Cursor first, Cursor last, absl::string_view what) {
                  step.findings.push_back({.kind = FindingKind::kIdentity,
                                           .instance = known.name,
                                           .first = first,
                                           .last = last,
                                           .what = std::string(what)});
                };
                if (known.gone) {
                  find(Cursor(), Cursor(), "an identity is of an instance that does not exist");
                  return absl::OkStatus();
                }
                const auto named = DecodeIdentity(key, value);
                if (!named) {
                  find(Cursor(), Cursor(), "an identity is malformed");
                  return absl::OkStatus();
                }
                const Cursor last = named->first + (named->count - 1);
                if (last > known.bounds.head) {
                  find(named->first, last, "an identity names events that the log does not have");
                }
                if (!named->is_run) return absl::OkStatus();
                const absl::string_view prefix = key.substr(0, key.size() - sizeof(uint64_t));
                const uint64_t sequence = RunKeySequence(key);
                if (prefix == run_prefix && sequence < run_end) {
                  find(named->first, last, "runs of a producer overlap");
                }
                run_prefix = std::string(prefix);
                run_end = sequence + named->count;
                return absl::OkStatus();
              });
}

absl::StatusOr<IndexStep> CheckOrphans(const StoreView& view, rocksdb::ColumnFamilyHandle* family,
                                       const std::string& from) {
  IndexStep step;
  Instances instances(view);
  const auto row = view.NewIterator(family);
  for (row->Seek(from); row->Valid(); row->Seek(step.next_key)) {
    const absl::string_view key = FromSlice(row->key());
    const InstanceNumber number(DecodeBigEndian(key.substr(0, kInstanceKeyBytes)));
    if (!IsBlockKey(key)) {
      step.findings.push_back({.kind = FindingKind::kOrphan,
                               .what = absl::StrCat(family->GetName(), " has a row under a key that is malformed")});
      step.next_key = absl::StrCat(key, absl::string_view("\0", 1));
      if (++step.rows >= kStepRows / 20) return step;
      continue;
    }
    step.next_key = InstanceKeyEnd(number);
    const Instances::Known& known = instances.Find(number);
    if (known.gone) {
      step.findings.push_back({.kind = FindingKind::kOrphan,
                               .what = absl::StrCat(family->GetName(), " has rows of instance number ", number.value(),
                                                    ", which there is not")});
    }
    if (++step.rows >= kStepRows / 20) return step;  // Seeks, not steps.
  }
  step.next_key.clear();
  if (absl::Status refused = ReadRefusal(row->status(), absl::StrCat("reading ", family->GetName())); !refused.ok()) {
    return refused;
  }
  if (!row->status().ok()) {
    step.findings.push_back(
        {.kind = FindingKind::kFile,
         .what = absl::StrCat(family->GetName(), " cannot be read on: ", row->status().ToString())});
  }
  return step;
}

absl::StatusOr<IndexStep> CheckReadable(const StoreView& view, Family family, const std::string& from) {
  return Walk(view, view.store().family(family), from, FindingKind::kFile,
              [](absl::string_view, absl::string_view, IndexStep&) { return absl::OkStatus(); });
}

}  // namespace playhead::storage
