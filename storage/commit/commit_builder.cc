#include "storage/commit/commit_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/instances/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/log.h"
#include "storage/own_instances.h"
#include "storage/record_codec.h"
#include "storage/store/meta.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// Smaller blocks hold few events: they compress badly alone, but well together in the slice's files.
constexpr size_t kCompressBytesMin = 4096;

// Estimated bytes of an instance with an open block besides its events: header, keys, and its range of the commit.
constexpr size_t kInstanceRowBytes = 160;
// Estimated bytes of the row of a producer's run, with an id of the usual length.
constexpr size_t kRunRowBytes = 96;

Codec CodecFor(const Block& block) { return block.body().size() < kCompressBytesMin ? Codec::kNone : Codec::kLz4; }

// Reads it from the MANIFEST's metadata of the files, after a flush has put every row into files.
absl::StatusOr<uint64_t> LastCommitPositionOfFiles(const Store& store) {
  rocksdb::ColumnFamilyHandle* const commits = store.family(Family::kCommits);
  const rocksdb::Status flushed = store.db()->Flush(rocksdb::FlushOptions(), commits);
  if (!flushed.ok()) return ReadError(flushed, "flushing the commits");
  rocksdb::ColumnFamilyMetaData files;
  store.db()->GetColumnFamilyMetaData(commits, &files);
  uint64_t last = 0;
  for (const rocksdb::LevelMetaData& level : files.levels) {
    // The newest row is never deleted, so the largest key of the files is that of an existing row.
    for (const rocksdb::SstFileMetaData& file : level.files) last = std::max(last, DecodeBigEndian(file.largestkey));
  }
  return last;
}

absl::StatusOr<uint64_t> LastCommitPosition(const Store& store) {
  const auto last = store.NewIterator(store.family(Family::kCommits));
  last->SeekToLast();
  if (last->status().ok()) return last->Valid() ? DecodeBigEndian(FromSlice(last->key())) : 0;
  // The last rows of one of the files cannot be read; reads of these rows will report it.
  LogError("commits_end_damaged", "", ReadError(last->status(), "reading the commits"));
  return LastCommitPositionOfFiles(store);
}

// The last commit whose events an erasure hides: new commits must get higher numbers. The rows of the commits do not
// tell, because commits without events have numbers but no row.
uint64_t LastErasedCommit(const Store& store) {
  uint64_t last = 0;
  if (const auto masks = store.erasures().masks().set(); masks != nullptr) {
    for (const ErasureMaskSet::Mask& mask : masks->masks()) last = std::max(last, mask.until.value());
  }
  return last;
}

}  // namespace

void RecentIds::Add(const LogInstance* instance, const IdHash& id, uint64_t commit, uint64_t durable_commit) {
  const Key key{instance, id};
  commits_[key] = commit;
  order_.emplace_back(key, commit);
  const auto& [oldest, oldest_commit] = order_.front();
  if (order_.size() <= kIdsMax || oldest_commit > durable_commit) return;
  forgotten_through_ = oldest_commit;
  // The id may have been added again since.
  if (const auto found = commits_.find(oldest); found != commits_.end() && found->second == oldest_commit) {
    commits_.erase(found);
  }
  order_.pop_front();
}

bool RecentIds::MayBeNewerThan(uint64_t resolved_commit, const LogInstance* instance, const IdHash& id) const {
  if (resolved_commit < forgotten_through_) return true;
  const auto found = commits_.find(Key{instance, id});
  return found != commits_.end() && found->second > resolved_commit;
}

CommitBuilder::CommitBuilder(std::shared_ptr<Store> store, const StoreOptions& options)
    : store_(store), options_(options), blocks_(store, options.slice_bytes) {}

absl::StatusOr<std::unique_ptr<CommitBuilder>> CommitBuilder::Load(std::shared_ptr<Store> store,
                                                                   const StoreOptions& options,
                                                                   const GivenOut& given_out) {
  const auto instance_last = GetMetaNumber(*store, meta_key::kInstanceLast, 0);
  const auto instance_count = GetMetaNumber(*store, meta_key::kInstanceCount, 0);
  const auto epoch_floor = GetMetaNumber(*store, meta_key::kEpochFloor, 0);
  const auto erasure_last = GetMetaNumber(*store, meta_key::kEventErasureLast, 0);
  const auto last_commit = LastCommitPosition(*store);
  for (const auto* number : {&instance_last, &instance_count, &epoch_floor, &erasure_last, &last_commit}) {
    if (!number->ok()) return number->status();
  }
  const absl::Status noted = NoteCommitsEnd(*store, CommitPosition(*last_commit), static_cast<uint32_t>(*epoch_floor));
  if (!noted.ok()) return noted;
  auto builder = std::unique_ptr<CommitBuilder>(new CommitBuilder(std::move(store), options));
  builder->instance_last_ = std::max(*instance_last, given_out.instance);
  builder->instance_count_ = *instance_count;
  builder->erasure_last_ = *erasure_last;
  builder->epoch_floor_ = static_cast<uint32_t>(*epoch_floor);
  builder->last_listed_ = CommitPosition(*last_commit);
  builder->next_commit_ = std::max({*last_commit + 1, given_out.commit + 1, LastErasedCommit(*builder->store_) + 1,
                                    CommitPosition::FirstOf(builder->epoch_floor_).value()});
  builder->loaded_commit_ = builder->next_commit_ - 1;
  builder->recent_ids_.ForgetThrough(builder->loaded_commit_);
  return builder;
}

void CommitBuilder::Begin(uint64_t durable_commit) {
  commit_ = std::make_unique<Commit>();
  commit_->number = next_commit_++;
  commit_->store = store_;
  durable_commit_ = durable_commit;
  open_block_bytes_ = 0;
  last_time_ = std::max(last_time_, Timestamp::Now());
}

void CommitBuilder::Append(std::unique_ptr<PendingAppend> append) {
  SessionState& session = *append->session;
  const Verdict verdict = Judge(*append);
  if (verdict == Verdict::kDefer) {
    commit_->deferred.push_back(std::move(append));
    return;
  }
  ++session.next_index;
  if (verdict == Verdict::kRefuse) {
    session.failed = true;
  } else {
    StoreEvents(*append);
    StoreIdentities(*append);
  }
  commit_->appends.push_back(std::move(append));
}

CommitBuilder::Verdict CommitBuilder::Judge(PendingAppend& append) {
  if (append.index != append.session->next_index) return Verdict::kDefer;  // An earlier append was deferred.
  const auto refuse = [&append](absl::Status status) {
    append.refusal = std::move(status);
    return Verdict::kRefuse;
  };
  const auto refuse_as_it_stands = [&](absl::Status status) {
    append.rests_on_commits = true;
    return refuse(std::move(status));
  };
  if (append.session->failed) {
    return refuse(PreviousFailed());
  }
  if (!append.refusal.ok()) return Verdict::kRefuse;
  if (absl::Status status = append.instance->CheckLoaded(); !status.ok()) return refuse(std::move(status));
  const AssignedState& assigned = append.instance->assigned();
  // The name may belong to another instance by now; resolving again finds it.
  if (!assigned.exists && assigned.number != InstanceNumber()) return Verdict::kDefer;
  bool defer = false;
  if (append.batch.producer) {
    absl::Status status = JudgeProducer(append, defer);
    if (!status.ok()) return refuse_as_it_stands(std::move(status));
  }
  size_t new_events = append.fates.empty() ? append.batch.events.size() : 0;
  for (size_t i = 0; i < append.fates.size(); ++i) new_events += append.fates[i].is_new() ? 1 : 0;
  for (size_t i = 0; !defer && i < append.ids.size(); ++i) {
    defer = append.batch.events[i].id_size > 0 && append.fate(i).is_new() &&
            recent_ids_.MayBeNewerThan(append.resolved_commit, append.instance.get(), append.ids[i]);
  }
  if (defer) return Verdict::kDefer;
  if (new_events == 0) return Verdict::kStore;  // All duplicates: it succeeds whatever the expected cursor.
  if (!append.batch.refuse_new.ok()) return refuse(append.batch.refuse_new);
  if (append.batch.expected_cursor) {
    if (new_events != append.batch.events.size()) {
      return refuse_as_it_stands(
          MakeError(Reason::kPartialDuplicate,
                    "some events of the batch are duplicates: with expected_cursor, all must be or none",
                    {.head = assigned.head.value()}));
    }
    if (*append.batch.expected_cursor != assigned.head) {
      return refuse_as_it_stands(MakeError(Reason::kCursorMismatch,
                                           absl::StrCat("the head is ", assigned.head.value(), ", not the expected ",
                                                        append.batch.expected_cursor->value()),
                                           {.head = assigned.head.value()}));
    }
  }
  // Only the broker itself appends to its own instances; limits on instances must not prevent that.
  const bool is_own = IsOwnInstance(append.instance->name());
  absl::Status status = EnsureExists(append.instance, is_own);
  if (status.ok()) status = AdoptEpoch(append.instance);
  return status.ok() ? Verdict::kStore : refuse_as_it_stands(std::move(status));
}

absl::Status CommitBuilder::JudgeProducer(const PendingAppend& append, bool& defer) const {
  const ProducerSequence& producer = *append.batch.producer;
  ProducerState known;
  // Resolve again if the append was resolved before the store was reopened (it then knows nothing of the last commits
  // before that, which may be on disk or not), or if the producer was forgotten since.
  if (append.resolved_commit < loaded_commit_ || !append.instance->FindProducer(producer.producer_id, known)) {
    defer = true;
    return absl::OkStatus();
  }
  if (known.last_sequence != 0 && producer.sequence > known.last_sequence + 1) {
    return MakeError(Reason::kSequenceGap,
                     absl::StrCat("producer ", producer.producer_id, " sent sequence ", producer.sequence,
                                  ", but the next is ", known.last_sequence + 1),
                     {.head = append.instance->assigned().head.value(), .next_sequence = known.last_sequence + 1});
  }
  // What was resolved identifies a duplicate, unless more was assigned since.
  defer = producer.sequence <= known.last_sequence &&
          (append.resolved_sequence != known.last_sequence || known.last_commit > append.resolved_commit);
  return absl::OkStatus();
}

absl::Status CommitBuilder::EnsureExists(const std::shared_ptr<LogInstance>& instance, bool is_own) {
  AssignedState& assigned = instance->assigned();
  if (assigned.exists) return absl::OkStatus();
  if (assigned.number != InstanceNumber()) {  // It was created and deleted while this call was in flight.
    return MakeError(Reason::kInstanceDeleted, absl::StrCat("instance ", instance->name(), " was deleted: try again"));
  }
  if (!is_own && !options_.create_instances) {
    return MakeError(Reason::kInstanceNotFound,
                     absl::StrCat("there is no instance ", instance->name(), ", and appending makes none here"));
  }
  if (!is_own && instance_count_ >= options_.instances_max) {
    return MakeError(Reason::kInstancesLimit, absl::StrCat("there are ", instance_count_,
                                                           " instances, the most that "
                                                           "this broker allows"));
  }
  assigned.exists = true;
  assigned.number = InstanceNumber(++instance_last_);
  assigned.created_at = last_time_;
  ++instance_count_;
  PutInstance(*store_, instance->name(), Snapshot(*instance), commit_->batch);
  counters_changed_ = true;
  commit_->publications.emplace_back(
      [instance, number = assigned.number, at = assigned.created_at] { instance->PublishCreated(number, at); });
  return absl::OkStatus();
}

absl::Status CommitBuilder::AdoptEpoch(const std::shared_ptr<LogInstance>& instance) {
  AssignedState& assigned = instance->assigned();
  const uint32_t current = assigned.head.epoch();
  const uint32_t epoch = std::max(current, assigned.epoch_base + epoch_floor_);
  if (epoch > Cursor::kEpochMax || assigned.head.sequence() + kBatchEventsMax > Cursor::kSequenceMax) {
    return MakeError(Reason::kInternal, absl::StrCat("the log of ", instance->name(), " has no cursors left"));
  }
  assigned.epoch = epoch;
  if (epoch == current) return absl::OkStatus();
  if (assigned.head == Cursor()) return absl::OkStatus();
  // After a trim of everything, the first event will be one of the new epoch.
  if (assigned.first.sequence() > assigned.head.sequence()) assigned.first = Cursor(epoch, assigned.first.sequence());
  CloseBlock(instance);  // All cursors of a block have the same epoch.
  assigned.epochs.Add(current, assigned.head.sequence());
  PutInstance(*store_, instance->name(), Snapshot(*instance), commit_->batch);
  return absl::OkStatus();
}

void CommitBuilder::Touch(const std::shared_ptr<LogInstance>& instance) {
  AssignedState& assigned = instance->assigned();
  if (assigned.commit_first != Cursor()) return;
  assigned.commit_first = Cursor(assigned.epoch, assigned.head.sequence() + 1);
  if (assigned.first == Cursor()) assigned.first = assigned.commit_first;
  touched_.push_back(instance);
}

void CommitBuilder::StoreEvents(PendingAppend& append) {
  const AppendBatch& batch = append.batch;
  AssignedState& assigned = append.instance->assigned();
  append.result.event_count = static_cast<uint32_t>(batch.events.size());
  if (!append.fates.empty()) {
    append.result.duplicates_at.resize(batch.events.size());
    append.cursors.resize(batch.events.size());
  }
  size_t bytes_left = batch.bytes.size();
  for (size_t i = 0; i < batch.events.size(); ++i) {
    const EventSpan& span = batch.events[i];
    const EventFate& fate = append.fate(i);
    bytes_left -= span.size;
    if (!fate.is_new()) {
      append.cursors[i] =
          fate.stored_at != Cursor() ? fate.stored_at : append.cursors[static_cast<size_t>(fate.same_as)];
      append.result.duplicates_at[i] = append.cursors[i];
      continue;
    }
    Touch(append.instance);
    if (assigned.open_block != nullptr && assigned.open_block->body_bytes() + span.size > kBlockBytesTarget) {
      CloseBlock(append.instance);
    }
    const Cursor cursor(assigned.epoch, assigned.head.sequence() + 1);
    if (assigned.open_block == nullptr) {
      assigned.open_block = std::make_unique<BlockBuilder>(assigned.number, cursor, CommitPosition(commit_->number),
                                                           assigned.appended_bytes);
      const size_t rest = batch.events.size() - i;
      assigned.open_block->Reserve(std::min(rest, kBlockBytesTarget / span.size + 1),
                                   std::min(span.size + bytes_left, std::max<size_t>(span.size, kBlockBytesTarget)));
    }
    assigned.last_appended_at = std::max(assigned.last_appended_at, last_time_);
    const size_t block_bytes = assigned.open_block->body_bytes();
    assigned.open_block->Add(batch.event(span), batch.type(span), batch.dialect(span), assigned.last_appended_at);
    open_block_bytes_ += assigned.open_block->body_bytes() - block_bytes;
    assigned.head = cursor;
    if (append.result.first_new == Cursor()) append.result.first_new = cursor;
    if (!append.cursors.empty()) append.cursors[i] = cursor;
  }
  append.result.head = assigned.head;
}

void CommitBuilder::StoreIdentities(PendingAppend& append) {
  LogInstance& instance = *append.instance;
  const Timestamp at = instance.assigned().last_appended_at;
  for (size_t i = 0; i < append.ids.size(); ++i) {
    if (append.batch.events[i].id_size == 0 || !append.fate(i).is_new()) continue;
    recent_ids_.Add(&instance, append.ids[i], commit_->number, durable_commit_);
    commit_->batch
        .Put(store_->family(Family::kDedup), IdKey(instance.assigned().number, append.ids[i]),
             Encode(IdRecord{at, append.cursor(i), append.batch.dedup_window}))
        .PermitUncheckedError();
  }
  if (!append.batch.producer) return;
  const ProducerSequence& producer = *append.batch.producer;
  const uint64_t last = producer.sequence + append.batch.events.size() - 1;
  ProducerState known;
  instance.FindProducer(producer.producer_id, known);
  if (last <= known.last_sequence) return;
  for (size_t i = 0; i < append.batch.events.size(); ++i) {
    if (producer.sequence + i <= known.last_sequence) continue;
    // Without duplicates the cursors are contiguous, like the sequences: the rest of the batch is one run.
    if (append.fates.empty()) {
      ExtendRun(append, i, append.cursor(i), static_cast<uint32_t>(append.batch.events.size() - i));
      break;
    }
    ExtendRun(append, i, append.cursor(i), 1);
  }
  instance.AdvanceProducer(producer.producer_id, {last, commit_->number}, durable_commit_);
}

void CommitBuilder::ExtendRun(const PendingAppend& append, size_t i, Cursor cursor, uint32_t count) {
  const ProducerSequence& producer = *append.batch.producer;
  const uint64_t sequence = producer.sequence + i;
  const auto [it, inserted] = runs_.try_emplace(std::make_pair(append.instance.get(), producer.producer_id));
  OpenRun& run = it->second;
  if (!inserted && run.first_sequence + run.record.count == sequence && run.record.first + run.record.count == cursor) {
    run.record.count += count;
    return;
  }
  if (!inserted) CloseRun(producer.producer_id, run);
  run = {append.instance, sequence, {append.instance->assigned().last_appended_at, cursor, count}};
}

void CommitBuilder::CloseRun(const std::string& producer_id, const OpenRun& run) {
  commit_->batch
      .Put(store_->family(Family::kDedup), RunKey(run.instance->assigned().number, producer_id, run.first_sequence),
           Encode(run.record))
      .PermitUncheckedError();
}

void CommitBuilder::CloseBlock(const std::shared_ptr<LogInstance>& instance) {
  AssignedState& assigned = instance->assigned();
  if (assigned.open_block == nullptr) return;
  open_block_bytes_ -= assigned.open_block->body_bytes();
  auto block = std::move(*assigned.open_block).Finish();
  assigned.open_block.reset();
  assigned.appended_bytes = block->header().log_bytes;
  blocks_.Put(*block, EncodeBlock(*block, CodecFor(*block)), assigned.last_slice, commit_->batch);
  commit_->blocks.push_back({instance, std::move(block), last_listed_});
}

void CommitBuilder::Create(std::shared_ptr<LogInstance> instance, StatusCallback done) {
  absl::Status status = instance->CheckLoaded();
  if (status.ok()) status = EnsureExists(instance, /*is_own=*/false);
  commit_->commands.push_back({std::move(status), std::move(done)});
}

void CommitBuilder::Trim(std::shared_ptr<LogInstance> instance, Cursor first_kept, StatusCallback done) {
  AssignedState& assigned = instance->assigned();
  absl::Status status = instance->CheckLoaded();
  if (!status.ok()) {
    // The log's bounds are not known.
  } else if (!assigned.exists) {
    status = MakeError(Reason::kInstanceDeleted, absl::StrCat("instance ", instance->name(), " was deleted"));
  } else if (first_kept.sequence() > assigned.head.sequence() + 1) {
    status = MakeError(Reason::kCursorDiverged,
                       absl::StrCat("cannot trim up to ", first_kept.value(), ": the head is ", assigned.head.value()),
                       {.head = assigned.head.value(), .last_good = assigned.head.value()});
  } else if (first_kept.sequence() > assigned.first.sequence() && assigned.head != Cursor()) {
    assigned.first = first_kept.sequence() > assigned.head.sequence()
                         ? assigned.head + 1
                         : assigned.epochs.AtSequence(first_kept.sequence(), assigned.head);
    CloseBlock(instance);  // So that the record counts the bytes of all events up to the head.
    PutInstance(*store_, instance->name(), Snapshot(*instance), commit_->batch);
    // If the commit has events of the instance, their publication includes it: alone it could be ahead of the head.
    if (assigned.commit_first == Cursor()) {
      commit_->publications.emplace_back([instance, first = assigned.first] { instance->PublishFirst(first); });
    }
  }
  commit_->commands.push_back({std::move(status), std::move(done)});
}

void CommitBuilder::Delete(std::shared_ptr<LogInstance> instance, StatusCallback done) {
  if (absl::Status status = instance->CheckLoaded(); !status.ok()) {
    commit_->commands.push_back({std::move(status), std::move(done)});
    return;
  }
  AssignedState& assigned = instance->assigned();
  if (!assigned.exists) {
    commit_->commands.push_back(
        {MakeError(Reason::kInstanceNotFound, absl::StrCat("there is no instance ", instance->name())),
         std::move(done)});
    return;
  }
  // Whatever this commit has already stored of it is erased with the rest.
  CloseBlock(instance);
  for (const auto& [producer, run] : runs_) {
    if (producer.first == instance.get()) CloseRun(producer.second, run);
  }
  touched_.erase(std::remove(touched_.begin(), touched_.end(), instance), touched_.end());
  assigned.commit_first = Cursor();
  absl::erase_if(runs_, [&](const auto& run) { return run.first.first == instance.get(); });
  DeleteInstanceRecord(*store_, instance->name(), Snapshot(*instance), epoch_floor_, commit_->batch);
  // Its bytes are erased later, in steps that may take long (storage/erase/eraser.h).
  const std::string erasure = absl::StrCat(meta_key::kErasurePrefix, InstanceKey(assigned.number));
  commit_->batch.Put(store_->family(Family::kMeta), erasure, "").PermitUncheckedError();
  --instance_count_;
  counters_changed_ = true;
  assigned.exists = false;
  commit_->publications.emplace_back([instance] { instance->PublishDeleted(); });
  commit_->deleted.push_back(instance);
  commit_->commands.push_back({absl::OkStatus(), std::move(done)});
}

void CommitBuilder::Reload(absl::Span<const Loaded> loaded, StatusCallback done) {
  for (const Loaded& log : loaded) {
    log.instance->Reload(log.state);
    if (log.instance->deleted()) commit_->deleted.push_back(log.instance);
  }
  commit_->holds_more = true;
  commit_->commands.push_back({absl::OkStatus(), std::move(done)});
}

void CommitBuilder::Write(FillBatch fill, StatusCallback done) {
  std::move(fill)(*store_, commit_->batch);
  commit_->commands.push_back({absl::OkStatus(), std::move(done)});
}

void CommitBuilder::PurgeRecords() {
  const auto time = static_cast<uint64_t>(last_time_.micros());
  std::string key = meta_key::kRecordsPurgePrefix;
  AppendBigEndian(time, sizeof(time), key);
  PutMetaNumber(*store_, key, time, commit_->batch);
  commit_->purges_records = true;
}

void CommitBuilder::ReplaceBlocks(std::shared_ptr<LogInstance> instance, absl::Span<const BlockReplacement> blocks,
                                  FillBatch fill, StatusCallback done) {
  const AssignedState& assigned = instance->assigned();
  for (const BlockReplacement& replacement : blocks) {
    const Block& block = *replacement.block;
    // Blocks of a deleted instance must not be written again, since its range was erased or is about to be. Trimmed
    // blocks may: readers never look before the first kept cursor.
    if (!assigned.exists || assigned.number != block.header().instance) continue;
    blocks_.Replace(replacement.slice, block, EncodeBlock(block, CodecFor(block)), commit_->batch);
  }
  Write(std::move(fill), std::move(done));
}

void CommitBuilder::StartErasure(ErasureJob& job, InstanceNumber instance, StatusCallback done) {
  // Not only those that were published count: others may be in this commit, and in commits in flight.
  if (absl::Status status = store_->erasures().Reserve(); !status.ok()) {
    commit_->commands.push_back({std::move(status), std::move(done)});
    return;
  }
  job.id = ++erasure_last_;
  job.until = CommitPosition(commit_->number);
  job.requested_at = last_time_;
  PutMetaNumber(*store_, meta_key::kEventErasureLast, erasure_last_, commit_->batch);
  commit_->batch.Put(store_->family(Family::kMeta), ErasureJobKey(job.id), Encode(job)).PermitUncheckedError();
  commit_->publications.emplace_back([store = store_.get(), &job] { store->erasures().PutReserved(job); });
  if (!job.dry_run) commit_->erased.push_back(instance);
  commit_->commands.push_back({absl::OkStatus(), std::move(done)});
}

void CommitBuilder::CancelErasure(uint64_t id, StatusCallback done) {
  auto job = store_->erasures().TakeBack(id);
  if (job.ok()) {
    job->End(ErasureState::kCanceled, last_time_);
    commit_->batch.Put(store_->family(Family::kMeta), ErasureJobKey(id), Encode(*job)).PermitUncheckedError();
    commit_->publications.emplace_back([store = store_.get(), job = *job] { store->erasures().Put(job); });
  }
  commit_->commands.push_back({job.status(), std::move(done)});
}

void CommitBuilder::UseSlice(uint32_t number, StatusCallback done) {
  blocks_.UseSlice(number);
  commit_->commands.push_back({absl::OkStatus(), std::move(done)});
}

size_t CommitBuilder::bytes() const {
  return commit_->batch.GetDataSize() + open_block_bytes_ + touched_.size() * kInstanceRowBytes +
         runs_.size() * kRunRowBytes;
}

std::unique_ptr<Commit> CommitBuilder::Finish() {
  FinishInstances();
  if (counters_changed_) PutCounters();
  counters_changed_ = false;
  for (const auto& [producer, run] : runs_) CloseRun(producer.second, run);
  runs_.clear();
  commit_->wants_slice = blocks_.WantsNextSlice();
  commit_->instance_count = instance_count_;
  return std::move(commit_);
}

void CommitBuilder::FinishInstances() {
  // The order of the store, so that readers of many instances see the same order from disk and from memory.
  std::sort(touched_.begin(), touched_.end(),
            [](const auto& a, const auto& b) { return a->assigned().number < b->assigned().number; });
  std::string ranges;
  RecordWriter writer(ranges);
  for (const std::shared_ptr<LogInstance>& instance : touched_) {
    AssignedState& assigned = instance->assigned();
    CloseBlock(instance);
    writer.Put(assigned.number.value()).Put(assigned.commit_first.value()).Put(assigned.head.value());
    assigned.commit_first = Cursor();
    commit_->publications.emplace_back(
        [instance, bounds = Snapshot(*instance).bounds] { instance->PublishEvents(bounds); });
  }
  // Also if the commit deletes the instances again: a restart must not assign the position to another commit.
  if (!commit_->blocks.empty()) {
    std::stable_sort(commit_->blocks.begin(), commit_->blocks.end(),
                     [](const PublishedBlock& a, const PublishedBlock& b) {
                       return a.block->header().instance < b.block->header().instance;
                     });
    last_listed_ = CommitPosition(commit_->number);
    commit_->batch.Put(store_->family(Family::kCommits), CommitKey(CommitPosition(commit_->number)), ranges)
        .PermitUncheckedError();
  }
  touched_.clear();
}

InstanceState CommitBuilder::Snapshot(const LogInstance& instance) const {
  const AssignedState& assigned = instance.assigned();
  InstanceState state;
  state.number = assigned.number;
  state.created_at = assigned.created_at;
  state.bounds = {.first = assigned.first,
                  .head = assigned.head,
                  .epochs = assigned.epochs,
                  .last_appended_at = assigned.last_appended_at,
                  .appended_bytes = assigned.appended_bytes};
  state.epoch_base = assigned.epoch_base;
  return state;
}

void CommitBuilder::PutCounters() {
  PutMetaNumber(*store_, meta_key::kInstanceLast, instance_last_, commit_->batch);
  PutMetaNumber(*store_, meta_key::kInstanceCount, instance_count_, commit_->batch);
}

}  // namespace playhead::storage
