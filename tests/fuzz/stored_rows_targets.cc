#include "tests/fuzz/stored_rows_targets.h"

#include <rocksdb/db.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_batch.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "proto/errors.h"
#include "storage/blocks/range_reader.h"
#include "storage/instances/instance_catalog.h"
#include "storage/instances/log_instance.h"
#include "storage/many/many_read.h"
#include "storage/store/commit_rows.h"
#include "storage/store/directory.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/meta.h"
#include "storage/store/store.h"
#include "storage/store_jobs.h"
#include "storage/verify/verifier.h"
#include "tests/fuzz/promise.h"
#include "tests/fuzz/renewed.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"

namespace playhead::fuzz {
namespace {

using storage::Family;
using storage::Store;

// So many inputs one store lives: what was overwritten in it stays in its memory.
constexpr int kInputsOfAStore = 500;
constexpr const char* kNames[] = {"bot", "other"};

// A store with what commits and housekeeping write, in a folder that goes with it.
class SmallStore {
 public:
  SmallStore() {
    for (int round = 0; round < 3; ++round) {
      for (const char* const name : kNames) {
        storage::AppendBatch batch = storage::MakeBatch(name, {{.data = "{}", .id = absl::StrCat("id", round)}, {}});
        if (round == 1) batch = storage::MakeBatch(name, {{.data = "of a producer"}});
        if (round == 1) batch.producer = {.producer_id = "p", .sequence = 1};
        Require(log_.Append(std::move(batch)).ok(), "an append is taken");
      }
    }
    Require(log_.Trim("other", storage::Cursor(2)).ok(), "a log is trimmed");
    end_ = log_.log().head_position().commit;
    log_.Close();
    auto store = Store::Open(log_.options());
    Require(store.ok(), "a store opens");
    store_ = *std::move(store);
    rocksdb::WriteBatch batch;
    const auto rows = storage::RowsOfForgotten(*store_, {{2, storage::CommitPosition(2)}});
    Require(rows.ok(), "what is forgotten is noted");
    for (const auto& [key, value] : *rows) batch.Put(store_->family(Family::kMeta), key, value);
    Write(batch);
  }

  const std::shared_ptr<Store>& store() const { return store_; }
  storage::CommitPosition end() const { return end_; }
  rocksdb::ColumnFamilyHandle* family(size_t number) const {
    constexpr size_t kFamilies = storage::kFamilyNames.size();
    const size_t family = number % (kFamilies + 1);
    return family == kFamilies ? store_->slice(1).get() : store_->family(static_cast<Family>(family));
  }
  void Write(rocksdb::WriteBatch& batch) const {
    rocksdb::WriteOptions write;
    write.disableWAL = true;
    Require(store_->db()->Write(write, &batch).ok(), "rows can be written");
  }

 private:
  storage::LogHarness log_;
  storage::CommitPosition end_;
  std::shared_ptr<Store> store_;
};

const SmallStore& TheStore() { return Renewed<SmallStore, kInputsOfAStore>(); }

// Makes the changes that the bytes say, and takes them back when destroyed.
class Changes {
 public:
  // Each change: a byte for the family, then what is done in its upper bits:
  //   0x80  to a row that there is: the number of it in the family follows; else a key, its length first
  //   0x40  deletes it
  //   0x20  changes one byte of it: the place and the new one follow; else a value, its length first
  Changes(const SmallStore& store, absl::string_view bytes) : store_(store), bytes_(bytes) {
    constexpr int kChangesMax = 8;
    for (int i = 0; i < kChangesMax && !bytes_.empty(); ++i) Make();
  }
  ~Changes() {
    for (auto old = old_.rbegin(); old != old_.rend(); ++old) Put(old->family, old->key, old->value);
  }

  // Whether a block is not what it was.
  bool damages_block() const { return damages_block_; }

 private:
  struct Row {
    rocksdb::ColumnFamilyHandle* family;
    std::string key;
    std::optional<std::string> value;
  };

  uint8_t TakeByte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return byte;
  }
  std::string TakeText() {
    const size_t size = TakeByte();
    std::string taken(bytes_.substr(0, size));
    bytes_.remove_prefix(taken.size());
    return taken;
  }

  void Make() {
    const uint8_t what = TakeByte();
    Row row{store_.family(what & 0x1f), {}, {}};
    std::optional<std::string> value;
    if ((what & 0x80) != 0) {
      const auto at = store_.store()->NewIterator(row.family);
      at->SeekToFirst();
      for (int n = TakeByte() % 32; n > 0 && at->Valid(); --n) at->Next();
      if (!at->Valid()) return;
      row.key = at->key().ToString();
      row.value = at->value().ToString();
    } else {
      row.key = TakeText();
      // RocksDB itself ends the program over a key without the prefix that its family's filter is made of.
      rocksdb::ColumnFamilyDescriptor descriptor;
      Require(row.family->GetDescriptor(&descriptor).ok(), "a family has options");
      const auto& prefix = descriptor.options.prefix_extractor;
      if (prefix != nullptr && !prefix->InDomain(row.key)) return;
      std::string stored;
      if (store_.store()->db()->Get({}, row.family, row.key, &stored).ok()) row.value = stored;
    }
    if ((what & 0x40) == 0) {
      if ((what & 0x20) != 0 && row.value && !row.value->empty()) {
        value = row.value;
        const size_t place = TakeByte() % value->size();
        (*value)[place] = static_cast<char>(TakeByte());
      } else {
        value = TakeText();
      }
    }
    if (row.family == store_.store()->slice(1).get() && row.value && value && *value != *row.value) {
      damages_block_ = true;
    }
    Put(row.family, row.key, value);
    old_.push_back(std::move(row));
  }

  void Put(rocksdb::ColumnFamilyHandle* family, const std::string& key, const std::optional<std::string>& value) const {
    rocksdb::WriteBatch batch;
    const rocksdb::Status status = value ? batch.Put(family, key, *value) : batch.Delete(family, key);
    Require(status.ok(), "a row can be changed");
    store_.Write(batch);
  }

  const SmallStore& store_;
  absl::string_view bytes_;
  std::vector<Row> old_;
  bool damages_block_ = false;
};

// All that is wrong with rows is DATA_LOSS.
bool IsSound(const absl::Status& status) {
  Require(status.ok() || HasReason(status, Reason::kDataLoss) || HasReason(status, Reason::kCursorTrimmed),
          absl::StrCat("what cannot be read is damaged: ", status.ToString()));
  return status.ok();
}

void ReadLog(const std::shared_ptr<const Store>& store, const char* name) {
  const auto state = storage::LoadInstance(store, name);
  if (!IsSound(state.status()) || state->number == storage::InstanceNumber()) return;
  const storage::LogInstance instance(name, *state);
  for (const bool reverse : {false, true}) {
    const auto read = storage::ReadRange(
        store, instance, {.after = instance.bounds().BeforeFirst(), .reverse = reverse, .events_max = 100});
    if (!read.ok()) continue;  // Of cursors that are not of this log there is more to be said.
    uint64_t events = 0;
    for (const storage::BlockSlice& slice : read->slices) events += slice.event_count;
    Require(events == read->event_count && events <= 100, "a read says how much it has");
  }
}

void ReadIndexes(const SmallStore& small) {
  const std::shared_ptr<const Store> store = small.store();
  IsSound(storage::ListInstanceInfos(store, "", "", 100).status());
  IsSound(storage::FirstKept(*store, storage::InstanceNumber(1)).status());
  IsSound(storage::ReadDirectory(*store, storage::InstanceNumber(), 100).status());
  storage::CommitRows rows(*store);
  for (rows.Seek(storage::CommitPosition()); rows.Valid(); rows.Next()) IsSound(rows.ranges().status());
  uint64_t asked = 0;
  const auto forgotten = storage::WereForgotten(*store, {}, 0, [&](storage::InstanceNumber, storage::CommitPosition) {
    ++asked;
    return false;
  });
  IsSound(forgotten.status());
  IsSound(storage::RowsOfForgotten(*store, {{1, storage::CommitPosition(1)}}).status());

  storage::InstanceTable instances(100);
  const storage::TypeLifeTable lives;
  storage::ManySource source{store, instances, lives, small.end()};
  storage::ManyReadOptions options;
  options.reader = std::make_shared<storage::ManyReader>(std::make_shared<storage::PrefixSelector>(""));
  options.events_max = 100;
  for (int reads = 0;; ++reads) {
    const auto read = storage::ReadManyInstances(source, options);
    if (!IsSound(read.status()) || read->end_reached) return;
    // It may only have told of commits that are no longer listed.
    Require(reads < 1000 && (options.after < read->next || !read->parts.empty()), "a read of many comes to an end");
    options.after = read->next;
  }
}

}  // namespace

void StoredRows(absl::string_view bytes) {
  const SmallStore& store = TheStore();
  const Changes changes(store, bytes);
  for (const char* const name : kNames) ReadLog(store.store(), name);
  ReadIndexes(store);
  static const storage::JobControl control;
  int findings = 0;
  storage::Verifier verifier([&] { return store.store(); }, {.bytes_per_second = 0}, control,
                             {.finding = [&](const storage::Finding&) { ++findings; }});
  const auto verified = verifier.Run();
  Require(verified.ok(), absl::StrCat("what is wrong is no error of the check: ", verified.status().ToString()));
  Require(findings > 0 || !changes.damages_block(), "a block that was changed is found");
}

}  // namespace playhead::fuzz
