#include "storage/commit/identity_resolver.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/blocks/block_store.h"
#include "storage/store/erasure_job.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

bool HasIds(const AppendBatch& batch) {
  return std::any_of(batch.events.begin(), batch.events.end(), [](const EventSpan& span) { return span.id_size > 0; });
}

bool SameContent(absl::string_view a, absl::string_view b) {
  EventView view_a;
  EventView view_b;
  return view_a.Parse(a) && view_b.Parse(b) && playhead::SameContent(view_a, view_b);
}

bool IsStub(absl::string_view event) {
  EventView view;
  return view.Parse(event) && playhead::storage::IsStub(view);
}

absl::Status Conflict(size_t index, absl::string_view identity, Cursor stored_at, const ErrorCursors& helpful = {}) {
  return MakeError(
      Reason::kIdConflict,
      absl::StrCat("event ", index, " has the ", identity, " of another event with other content",
                   stored_at == Cursor() ? " in this batch" : absl::StrCat(", at cursor ", stored_at.value())),
      helpful);
}

class Resolver {
 public:
  Resolver(const std::shared_ptr<const Store>& store, PendingAppend& append)
      : store_(store),
        append_(append),
        batch_(append.batch),
        instance_(*append.instance),
        number_(append.instance->number()) {}

  // Ids: first against each other, then against the store.
  absl::Status ResolveIds() {
    append_.ids.resize(batch_.events.size());
    std::vector<std::string> keys;
    std::vector<size_t> indexes;
    absl::flat_hash_map<IdHash, size_t> in_batch;
    for (size_t i = 0; i < batch_.events.size(); ++i) {
      const absl::string_view id = batch_.id(batch_.events[i]);
      if (id.empty()) continue;
      append_.ids[i] = IdHash::Of(id);
      const auto [first, inserted] = in_batch.emplace(append_.ids[i], i);
      if (inserted) {
        indexes.push_back(i);
        if (Exists()) keys.push_back(IdKey(number_, append_.ids[i]));
      } else if (SameContent(batch_.event(batch_.events[first->second]), batch_.event(batch_.events[i]))) {
        Fates()[i].same_as = static_cast<int32_t>(first->second);
      } else {
        return Conflict(i, "id", Cursor());
      }
    }
    const Timestamp now = Timestamp::Now();
    const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    store_->db()->MultiGet({}, store_->family(Family::kDedup), keys.size(), slices.data(), values.data(),
                           statuses.data());
    for (size_t k = 0; k < keys.size(); ++k) {
      if (statuses[k].IsNotFound()) continue;
      if (!statuses[k].ok()) return ReadError(statuses[k], "looking an id up");
      const auto record = DecodeIdRecord(FromSlice(values[k]));
      if (!record) return MakeError(Reason::kDataLoss, "an id's record is damaged");
      if (store_->dedup_expiry().IsForgotten(*record, now)) continue;
      if (append_.fate(indexes[k]).stored_at != Cursor()) continue;  // Known already, by the producer's sequence.
      if (absl::Status status = SetStored(indexes[k], "id", record->cursor, {}); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ResolveProducer(uint64_t durable_commit) {
    const ProducerSequence& producer = *batch_.producer;
    ProducerState known;
    if (!instance_.FindProducer(producer.producer_id, known)) {
      const auto last = ReadLastSequence();
      if (!last.ok()) return last.status();
      instance_.LearnProducer(producer.producer_id, *last, durable_commit);
      known.last_sequence = *last;
    }
    append_.resolved_sequence = known.last_sequence;
    if (producer.sequence > known.last_sequence) return absl::OkStatus();
    // A sequence that is assigned but not yet durable is not found here; the committer then has it resolved again.
    return FindRuns(known.last_commit > durable_commit);
  }

 private:
  bool Exists() const { return number_ != InstanceNumber(); }

  std::vector<EventFate>& Fates() {
    if (append_.fates.empty()) append_.fates.resize(batch_.events.size());
    return append_.fates;
  }

  // Notes that event `i` was stored at `cursor`. Returns a conflict, with the cursors `helpful`, if the content
  // differs; events that were trimmed or erased cannot be compared and count as equal.
  absl::Status SetStored(size_t i, absl::string_view identity, Cursor cursor, const ErrorCursors& helpful) {
    if (cursor >= instance_.bounds().first) {
      const auto stored = ReadEvent(cursor);
      if (!stored.ok()) return stored.status();
      if (stored->has_value() && !SameContent(**stored, batch_.event(batch_.events[i])) && !IsStub(**stored)) {
        return Conflict(i, identity, cursor, helpful);
      }
    }
    Fates()[i].stored_at = cursor;
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> ReadLastSequence() {
    if (!Exists()) return 0;
    const std::string prefix = ProducerKeyPrefix(number_, batch_.producer->producer_id);
    const auto run = store_->NewIterator(store_->family(Family::kDedup));
    run->SeekForPrev(RunKey(number_, batch_.producer->producer_id, UINT64_MAX));
    if (!run->status().ok()) return ReadError(run->status(), "looking a producer up");
    if (!run->Valid() || !run->key().starts_with(prefix)) return 0;
    const auto record = DecodeRunRecord(FromSlice(run->value()));
    if (!record) return MakeError(Reason::kDataLoss, "a producer's record is damaged");
    if (store_->dedup_expiry().IsForgotten(*record, Timestamp::Now())) return 0;
    return RunKeySequence(FromSlice(run->key())) + record->count - 1;
  }

  absl::Status FindRuns(bool some_in_flight) {
    const ProducerSequence& producer = *batch_.producer;
    const std::string prefix = ProducerKeyPrefix(number_, producer.producer_id);
    const uint64_t last = std::min(append_.resolved_sequence, producer.sequence + batch_.events.size() - 1);
    const auto run = store_->NewIterator(store_->family(Family::kDedup));
    uint64_t next = producer.sequence;
    for (run->SeekForPrev(RunKey(number_, producer.producer_id, next));
         next <= last && run->Valid() && run->key().starts_with(prefix); run->Next()) {
      const auto record = DecodeRunRecord(FromSlice(run->value()));
      if (!record) return MakeError(Reason::kDataLoss, "a producer's record is damaged");
      const uint64_t first = RunKeySequence(FromSlice(run->key()));
      for (; next >= first && next < first + record->count && next <= last; ++next) {
        const size_t i = static_cast<size_t>(next - producer.sequence);
        absl::Status status = SetStored(i, "producer's sequence", record->first + (next - first),
                                        {.next_sequence = append_.resolved_sequence + 1});
        if (!status.ok()) return status;
      }
      if (next < first) break;
    }
    if (!run->status().ok()) return ReadError(run->status(), "looking a producer up");
    if (next > last || some_in_flight) return absl::OkStatus();
    return MakeError(Reason::kSequenceGap,
                     absl::StrCat("sequence ", next, " was stored too long ago to say where; the next is ",
                                  append_.resolved_sequence + 1),
                     {.next_sequence = append_.resolved_sequence + 1});
  }

  // The encoding of the event at `cursor`; nullopt if a trim has removed it meanwhile.
  absl::StatusOr<std::optional<absl::string_view>> ReadEvent(Cursor cursor) {
    if (block_ == nullptr || cursor < block_->first() || cursor > block_->last()) {
      BlockIterator found(store_, number_);
      found.Seek(cursor);
      if (!found.status().ok()) return found.status();
      if (!found.Valid()) return std::nullopt;
      auto block = found.block(instance_.name());
      if (!block.ok()) return block.status();
      block_ = *std::move(block);
      if (cursor < block_->first()) return std::nullopt;
    }
    absl::string_view body = block_->body();
    for (Cursor at = block_->first(); at < cursor; at = at + 1) ConsumeEvent(body);
    return ConsumeEvent(body);
  }

  const std::shared_ptr<const Store>& store_;
  PendingAppend& append_;
  const AppendBatch& batch_;
  LogInstance& instance_;
  // Read once: the instance may be created during the look-ups, and then has no identities to find.
  const InstanceNumber number_;
  std::shared_ptr<const Block> block_;  // The last one read.
};

}  // namespace

bool IsResolvedInMemory(const PendingAppend& append) {
  if (HasIds(append.batch)) return false;
  if (!append.batch.producer) return true;
  ProducerState known;
  return append.instance->FindProducer(append.batch.producer->producer_id, known) &&
         append.batch.producer->sequence > known.last_sequence;
}

absl::Status ResolveIdentities(const std::shared_ptr<const Store>& store, uint64_t durable_commit,
                               PendingAppend& append) {
  append.fates.clear();
  append.resolved_commit = durable_commit;
  Resolver resolver(store, append);
  if (append.batch.producer) {
    if (absl::Status status = resolver.ResolveProducer(durable_commit); !status.ok()) return status;
  }
  return HasIds(append.batch) ? resolver.ResolveIds() : absl::OkStatus();
}

}  // namespace playhead::storage
