#include "storage/rocksdb_event_log.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "proto/errors.h"
#include "storage/block_store.h"
#include "storage/committer.h"
#include "storage/disk_space.h"
#include "storage/executor.h"
#include "storage/identity_resolver.h"
#include "storage/instance_catalog.h"
#include "storage/instance_table.h"
#include "storage/log.h"
#include "storage/maintenance.h"
#include "storage/meta.h"
#include "storage/pending_append.h"
#include "storage/range_reader.h"
#include "storage/record_rows.h"
#include "storage/rocksdb_status.h"
#include "storage/stats_recorder.h"
#include "storage/store.h"

namespace playhead::storage {
namespace {

// A resolving task hands its thread on after this many appends of one session.
constexpr int kResolvedPerTask = 64;

absl::Status Unavailable(absl::string_view what) { return MakeError(Reason::kStoreUnavailable, what); }
absl::Status ShuttingDown() { return MakeError(Reason::kShuttingDown, "the broker is stopping: try again soon"); }

absl::Status NotFound(absl::string_view name) {
  return MakeError(Reason::kInstanceNotFound, absl::StrCat("there is no instance ", name));
}

// If part of the history may be gone, cursors of it may be in somebody's hands: no log goes on in an epoch that it was
// in.
absl::Status RaiseEpochFloor(const Store& store) {
  const auto floor = GetMetaNumber(store, meta_key::kEpochFloor, 0);
  if (!floor.ok()) return floor.status();
  if (*floor == Cursor::kEpochMax) {
    return absl::FailedPreconditionError(
        absl::StrCat("history may have been lost ", *floor, " times: no epochs are left"));
  }
  rocksdb::WriteBatch batch;
  PutMetaNumber(store, meta_key::kEpochFloor, *floor + 1, batch);
  rocksdb::WriteOptions write;
  write.sync = true;
  return ReadError(store.db()->Write(write, &batch), "raising the epoch floor");
}

class RocksDbEventLog final : public EventLog, private RecordStore, private Committer::Host {
 public:
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(const StoreOptions& options) {
    auto log = std::unique_ptr<RocksDbEventLog>(new RocksDbEventLog(options));
    auto builder = log->OpenStore(options, /*first_commit=*/1);
    if (!builder.ok()) return builder.status();
    log->Start(*std::move(builder));
    return log;
  }

  ~RocksDbEventLog() override {
    if (committer_ == nullptr) return;  // It never opened.
    closing_.store(true);
    for (uint64_t left = in_flight_.load(); left != 0; left = in_flight_.load()) in_flight_.wait(left);
    {
      // An answer under way may still be asking for housekeeping; those that come later see closing_.
      absl::MutexLock lock(&answers_mu_);
      answers_mu_.Await(absl::Condition(this, &RocksDbEventLog::NobodyAnswers));
    }
    maintenance_->Stop();
    committer_.reset();
    resolvers_.Join();
    readers_.Join();
    if (const auto store = CurrentStore(); store != nullptr) {
      const absl::Status status = store->MarkCleanStop();
      if (!status.ok()) LogWarning("clean_stop_failed", "", status);
    }
  }

  std::unique_ptr<AppendSession> NewAppendSession() override;
  void OpenInstance(absl::string_view name, OpenMode mode, Callback<std::shared_ptr<Instance>> done) override;
  void Read(std::shared_ptr<Instance> instance, ReadOptions options, Callback<ReadResult> done) override;
  void FindTime(std::shared_ptr<Instance> instance, Timestamp time, Callback<Cursor> done) override;
  void Trim(std::shared_ptr<Instance> instance, Cursor first_kept, StatusCallback done) override;
  void ListInstances(std::string prefix, std::string after_name, size_t limit,
                     Callback<std::vector<InstanceInfo>> done) override;
  void GetInstance(std::string name, Callback<InstanceInfo> done) override;
  void DeleteInstance(std::string name, StatusCallback done) override;
  void SetCommitListener(CommitListener* listener) override { listener_ = listener; }
  Durability durability() const override { return options_.durability; }
  RecordStore& records() override { return *this; }
  LogStats stats() const override {
    LogStats stats = stats_.Snapshot();
    stats.disk_free_bytes = disk_.free_bytes();
    return stats;
  }

  void Append(const std::shared_ptr<SessionState>& session, AppendBatch batch, Callback<AppendResult> done);

 private:
  explicit RocksDbEventLog(const StoreOptions& options)
      : options_(options),
        disk_(EnvOf(options), options.data_dir, options.disk_free_bytes_min),
        table_(options.idle_instances_max),
        resolvers_(options.resolver_threads),
        readers_(options.reader_threads) {}

  // Opens the store and makes it current, with every instance in memory reloaded from it.
  absl::StatusOr<std::unique_ptr<CommitBuilder>> OpenStore(const StoreOptions& options, uint64_t first_commit);
  void Start(std::unique_ptr<CommitBuilder> builder);

  std::shared_ptr<Store> CurrentStore() const ABSL_LOCKS_EXCLUDED(store_mu_) {
    absl::MutexLock lock(&store_mu_);
    return store_;
  }

  // RecordStore.
  void Write(std::vector<RecordChange> changes, StatusCallback done) override;
  void Scan(RecordSpace space, std::string prefix, std::string after_key, size_t limit,
            Callback<std::vector<Record>> done) override;

  // Committer::Host.
  void OnCompleted(std::unique_ptr<Commit> commit) override ABSL_LOCKS_EXCLUDED(answers_mu_);
  void AnswerCompleted() override ABSL_LOCKS_EXCLUDED(answers_mu_);
  std::unique_ptr<CommitBuilder> Reopen(const absl::Status& cause, uint64_t next_commit) override;

  bool NobodyAnswers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(answers_mu_) { return !answering_; }
  absl::Status Admit(const PendingAppend& append);
  absl::Status CheckQueue(size_t bytes) const;
  bool ResolveInMemory(PendingAppend& append);
  absl::Status Resolve(PendingAppend& append);
  void ResolveSession(const std::shared_ptr<SessionState>& session);
  void Requeue(std::vector<std::unique_ptr<PendingAppend>> deferred);
  void CountCommit(const Commit& commit);
  void Answer(Commit& commit);

  absl::StatusOr<std::shared_ptr<LogInstance>> FindInstance(const std::shared_ptr<Store>& store,
                                                            absl::string_view name) {
    return table_.FindOrLoad(name, [&store](absl::string_view missing) { return LoadInstance(store, missing); });
  }

  // Runs `task` with the open store on `executor` and gives `done` its answer, or why there is no store.
  template <typename T>
  void RunWithStore(Executor& executor, Callback<T> done,
                    absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> task);
  void DeleteTrimmed(const std::shared_ptr<LogInstance>& instance);
  void Submit(Committer::Command command) { committer_->Submit(std::move(command)); }

  void Enter() { in_flight_.fetch_add(1); }
  void Leave() {
    if (in_flight_.fetch_sub(1) == 1) in_flight_.notify_all();
  }

  const StoreOptions options_;
  mutable DiskSpace disk_;
  StatsRecorder stats_;
  InstanceTable table_;
  CommitListener* listener_ = nullptr;
  std::atomic<bool> closing_{false};
  std::atomic<bool> stored_since_open_{true};  // Before the first open: by the process before this one.
  std::atomic<uint64_t> in_flight_{0};         // Calls whose callback has not run.
  std::atomic<size_t> queued_bytes_{0};        // Of appends and records that were taken and not answered.

  mutable absl::Mutex store_mu_;
  std::shared_ptr<Store> store_ ABSL_GUARDED_BY(store_mu_);  // nullptr while it is being reopened.
  std::shared_ptr<absl::Notification> store_closed_;         // Of the committing thread that reopens.

  absl::Mutex answers_mu_;
  std::deque<std::unique_ptr<Commit>> answers_ ABSL_GUARDED_BY(answers_mu_);  // As many as commits wait: few.
  bool answering_ ABSL_GUARDED_BY(answers_mu_) = false;

  // The destructor stops these in an order of its own.
  Executor resolvers_;
  Executor readers_;
  std::unique_ptr<Committer> committer_;
  std::unique_ptr<Maintenance> maintenance_;
};

class RocksDbAppendSession final : public AppendSession {
 public:
  explicit RocksDbAppendSession(RocksDbEventLog* log) : log_(log), state_(std::make_shared<SessionState>()) {}
  void Append(AppendBatch batch, Callback<AppendResult> done) override {
    const std::shared_ptr<SessionState> state = state_;  // `done` may run, and destroy this session, before we return.
    log_->Append(state, std::move(batch), std::move(done));
  }

 private:
  RocksDbEventLog* const log_;
  const std::shared_ptr<SessionState> state_;
};

absl::StatusOr<std::unique_ptr<CommitBuilder>> RocksDbEventLog::OpenStore(const StoreOptions& options,
                                                                          uint64_t first_commit) {
  auto opened = Store::Open(options);
  if (!opened.ok()) return opened.status();
  // Once for everything that was stored since the last time: a disk that fails again and again uses up no epochs.
  if ((*opened)->history_may_be_lost() && stored_since_open_.exchange(false)) {
    LogWarning("history_may_be_lost", absl::StrCat("data_dir=", options.data_dir, " action=raise_epoch"));
    if (absl::Status status = RaiseEpochFloor(**opened); !status.ok()) return status;
  }
  if (absl::Status status = (*opened)->NoteHistorySettled(); !status.ok()) return status;
  auto builder = CommitBuilder::Load(*opened, options, first_commit);
  if (!builder.ok()) return builder.status();
  for (const std::shared_ptr<LogInstance>& instance : table_.All()) {
    const auto state = LoadInstance(*opened, instance->name());
    if (state.ok()) {
      instance->Reload(*state);
    } else if (HasReason(state.status(), Reason::kDataLoss)) {
      // One damaged log does not keep the others closed. Whoever asks for it again hears what is wrong.
      LogError("instance_damaged", absl::StrCat("instance=", instance->name()), state.status());
      instance->assigned().exists = false;
      table_.Erase(instance->name());
    } else {
      return state.status();
    }
  }
  stats_.set_instances((*builder)->instance_count());
  store_closed_ = (*opened)->closed();
  absl::MutexLock lock(&store_mu_);
  store_ = *std::move(opened);
  return builder;
}

void RocksDbEventLog::Start(std::unique_ptr<CommitBuilder> builder) {
  committer_ = std::make_unique<Committer>(options_, std::move(builder), static_cast<Committer::Host*>(this));
  maintenance_ = std::make_unique<Maintenance>(
      options_, [this] { return CurrentStore(); }, [this](Committer::Command command) { Submit(std::move(command)); },
      &stats_);
  maintenance_->EraseDeleted();
  maintenance_->MergeFullSlices();
}

std::unique_ptr<CommitBuilder> RocksDbEventLog::Reopen(const absl::Status& cause, uint64_t next_commit) {
  {
    absl::MutexLock lock(&store_mu_);
    if (store_ != nullptr) LogError("write_failed", "action=reopen", cause);
    store_.reset();
  }
  maintenance_->CutOff();
  store_closed_->WaitForNotification();  // Whoever was reading lets go soon; nobody gets it any more.
  StoreOptions options = options_;
  options.accept_truncation = false;  // The operator accepted what was there at the start, nothing more.
  auto builder = OpenStore(options, next_commit);
  if (!builder.ok()) {
    LogError("reopen_failed", absl::StrCat("data_dir=", options.data_dir), builder.status());
    return nullptr;
  }
  maintenance_->GoOn();
  stats_.NoteReopen();
  LogInfo("reopened", absl::StrCat("data_dir=", options.data_dir));
  return *std::move(builder);
}

std::unique_ptr<AppendSession> RocksDbEventLog::NewAppendSession() {
  return std::make_unique<RocksDbAppendSession>(this);
}

void RocksDbEventLog::Append(const std::shared_ptr<SessionState>& session, AppendBatch batch,
                             Callback<AppendResult> done) {
  Enter();
  auto append = std::make_unique<PendingAppend>();
  append->batch = std::move(batch);
  append->done = std::move(done);
  append->session = session;
  append->refusal = Admit(*append);
  queued_bytes_.fetch_add(append->bytes(), std::memory_order_relaxed);
  absl::MutexLock lock(&session->mu);
  append->index = session->submitted++;
  if (!session->resolving && (!append->refusal.ok() || ResolveInMemory(*append))) {
    committer_->Submit(std::move(append));
    return;
  }
  session->unresolved.push_back(std::move(append));
  if (session->resolving) return;
  session->resolving = true;
  resolvers_.Post([this, session] { ResolveSession(session); });
}

absl::Status RocksDbEventLog::Admit(const PendingAppend& append) {
  if (closing_.load(std::memory_order_relaxed)) return ShuttingDown();
  if (absl::Status status = CheckAppendBatch(append.batch); !status.ok()) return status;
  if (absl::Status status = CheckQueue(append.bytes()); !status.ok()) return status;
  if (disk_.IsLow()) {
    return MakeError(Reason::kDiskLow,
                     absl::StrCat("only ", disk_.free_bytes(), " bytes are free on the disk; appends need ",
                                  options_.disk_free_bytes_min));
  }
  return absl::OkStatus();
}

absl::Status RocksDbEventLog::CheckQueue(size_t bytes) const {
  if (queued_bytes_.load(std::memory_order_relaxed) + bytes <= options_.append_queue_bytes_max) return absl::OkStatus();
  return MakeError(Reason::kAppendQueueFull, absl::StrCat("more than ", options_.append_queue_bytes_max,
                                                          " bytes wait to be stored: try again soon"));
}

bool RocksDbEventLog::ResolveInMemory(PendingAppend& append) {
  append.instance = table_.Find(append.batch.instance);
  if (append.instance == nullptr) return false;
  append.resolved_commit = committer_->durable_commit();
  return IsResolvedInMemory(append);
}

absl::Status RocksDbEventLog::Resolve(PendingAppend& append) {
  const auto store = CurrentStore();
  if (store == nullptr) return Unavailable("the store is being reopened after a failed write: try again soon");
  // Read before anything is looked up: whatever later commits store, the committer checks.
  const uint64_t durable = committer_->durable_commit();
  auto instance = FindInstance(store, append.batch.instance);
  if (!instance.ok()) return instance.status();
  append.instance = *std::move(instance);
  return ResolveIdentities(store, durable, append);
}

void RocksDbEventLog::ResolveSession(const std::shared_ptr<SessionState>& session) {
  for (int i = 0; i < kResolvedPerTask; ++i) {
    std::unique_ptr<PendingAppend> append;
    {
      absl::MutexLock lock(&session->mu);
      if (session->unresolved.empty()) {
        session->resolving = false;
        return;
      }
      append = std::move(session->unresolved.front());
      session->unresolved.pop_front();
    }
    if (append->refusal.ok()) append->refusal = Resolve(*append);
    committer_->Submit(std::move(append));
  }
  resolvers_.Post([this, session] { ResolveSession(session); });
}

void RocksDbEventLog::Requeue(std::vector<std::unique_ptr<PendingAppend>> deferred) {
  for (auto& append : deferred) {
    const std::shared_ptr<SessionState> session = append->session;
    absl::MutexLock lock(&session->mu);
    // In its place: those behind it may have been deferred, or come in, meanwhile.
    auto place = session->unresolved.begin();
    while (place != session->unresolved.end() && (*place)->index < append->index) ++place;
    session->unresolved.insert(place, std::move(append));
    if (session->resolving) continue;
    session->resolving = true;
    resolvers_.Post([this, session] { ResolveSession(session); });
  }
}

void RocksDbEventLog::OnCompleted(std::unique_ptr<Commit> commit) {
  for (const auto& instance : commit->deleted) table_.Erase(instance->name());
  if (!commit->blocks.empty()) stored_since_open_.store(true, std::memory_order_relaxed);
  if (commit->write_time) CountCommit(*commit);
  absl::MutexLock lock(&answers_mu_);
  answers_.push_back(std::move(commit));
}

void RocksDbEventLog::CountCommit(const Commit& commit) {
  uint64_t events = 0;
  uint64_t bytes = 0;
  for (const PublishedBlock& published : commit.blocks) {
    events += published.block->header().event_count;
    bytes += published.block->body().size();
  }
  stats_.NoteCommit(events, bytes, *commit.write_time, options_.durability == Durability::kDisk);
  stats_.set_instances(commit.instance_count);
}

void RocksDbEventLog::AnswerCompleted() {
  answers_mu_.Lock();
  if (!answering_) {
    answering_ = true;
    while (!answers_.empty()) {
      const std::unique_ptr<Commit> commit = std::move(answers_.front());
      answers_.pop_front();
      answers_mu_.Unlock();
      Answer(*commit);
      answers_mu_.Lock();
    }
    answering_ = false;
  }
  answers_mu_.Unlock();
}

void RocksDbEventLog::Answer(Commit& commit) {
  if (listener_ != nullptr) {
    if (!commit.blocks.empty()) listener_->OnCommit(commit.blocks);
    for (const auto& instance : commit.deleted) listener_->OnDelete(instance);
  }
  for (auto& append : commit.appends) {
    queued_bytes_.fetch_sub(append->bytes(), std::memory_order_relaxed);
    if (append->refusal.ok()) {
      const std::vector<Cursor>& duplicates = append->result.duplicates_at;
      if (!duplicates.empty()) {
        const auto fresh = std::count(duplicates.begin(), duplicates.end(), Cursor());
        stats_.NoteDuplicates(duplicates.size() - static_cast<size_t>(fresh));
      }
      std::move(append->done)(std::move(append->result));
    } else {
      std::move(append->done)(std::move(append->refusal));
    }
    Leave();
  }
  for (Commit::Outcome& command : commit.commands) std::move(command.done)(std::move(command.status));
  if (!commit.deferred.empty()) Requeue(std::move(commit.deferred));
  if (commit.wants_slice && !closing_) maintenance_->RollSlice();
  if (!commit.deleted.empty() && !closing_) maintenance_->EraseDeleted();
}

template <typename T>
void RocksDbEventLog::RunWithStore(Executor& executor, Callback<T> done,
                                   absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> task) {
  Enter();
  executor.Post([this, done = std::move(done), task = std::move(task)]() mutable {
    absl::StatusOr<T> result = Unavailable("the store is being reopened after a failed write: try again soon");
    if (closing_.load(std::memory_order_relaxed)) {
      result = ShuttingDown();
    } else if (const auto store = CurrentStore(); store != nullptr) {
      result = task(store);
    }
    std::move(done)(std::move(result));
    Leave();
  });
}

void RocksDbEventLog::OpenInstance(absl::string_view name, OpenMode mode, Callback<std::shared_ptr<Instance>> done) {
  Enter();
  auto answer = [this, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> result) mutable {
    std::move(done)(std::move(result));
    Leave();
  };
  RunWithStore<std::shared_ptr<LogInstance>>(
      resolvers_,
      [this, mode, answer = std::move(answer)](absl::StatusOr<std::shared_ptr<LogInstance>> found) mutable {
        if (!found.ok()) return answer(found.status());
        const std::shared_ptr<LogInstance> instance = *std::move(found);
        if (instance->exists()) return answer(instance);
        if (mode == OpenMode::kExisting || !options_.create_instances) return answer(NotFound(instance->name()));
        Submit({[instance](CommitBuilder& builder, StatusCallback created) {
                  builder.Create(instance, std::move(created));
                },
                [instance, answer = std::move(answer)](absl::Status status) mutable {
                  if (status.ok()) {
                    answer(instance);
                  } else {
                    answer(std::move(status));
                  }
                }});
      },
      [this,
       name = std::string(name)](const std::shared_ptr<Store>& store) -> absl::StatusOr<std::shared_ptr<LogInstance>> {
        if (absl::Status status = CheckInstanceName(name); !status.ok()) return status;
        return FindInstance(store, name);
      });
}

void RocksDbEventLog::Read(std::shared_ptr<Instance> instance, ReadOptions options, Callback<ReadResult> done) {
  RunWithStore<ReadResult>(
      readers_, std::move(done),
      [this, instance = std::move(instance), options = std::move(options)](const std::shared_ptr<Store>& store) {
        auto result = ReadRange(store, *instance, options);
        if (result.ok()) {
          stats_.NoteRead(result->bytes, result->scanned_blocks);
        } else if (HasReason(result.status(), Reason::kDataLoss)) {
          stats_.NoteDamage();
        }
        return result;
      });
}

void RocksDbEventLog::FindTime(std::shared_ptr<Instance> instance, Timestamp time, Callback<Cursor> done) {
  RunWithStore<Cursor>(readers_, std::move(done),
                       [instance = std::move(instance), time](const std::shared_ptr<Store>& store) {
                         return FindTimeInLog(store, *instance, time);
                       });
}

void RocksDbEventLog::Trim(std::shared_ptr<Instance> instance, Cursor first_kept, StatusCallback done) {
  Enter();
  auto log_instance = std::static_pointer_cast<LogInstance>(std::move(instance));
  Submit({[log_instance, first_kept](CommitBuilder& builder, StatusCallback trimmed) {
            builder.Trim(log_instance, first_kept, std::move(trimmed));
          },
          [this, log_instance, done = std::move(done)](absl::Status status) mutable {
            const bool trimmed = status.ok();
            std::move(done)(std::move(status));
            if (trimmed) DeleteTrimmed(log_instance);  // Readers see the trim already.
            Leave();
          }});
}

void RocksDbEventLog::DeleteTrimmed(const std::shared_ptr<LogInstance>& instance) {
  const Cursor first = instance->bounds().first;
  RunWithStore<std::vector<uint32_t>>(
      resolvers_,
      [this, instance, first](absl::StatusOr<std::vector<uint32_t>> slices) {
        if (!slices.ok() || slices->empty()) return;  // The next trim takes these along.
        Enter();
        Submit({[instance, first, slices = *std::move(slices)](CommitBuilder& builder, StatusCallback written) {
                  builder.Write(
                      [&](const Store& store, rocksdb::WriteBatch& batch) {
                        DeleteBlocksBefore(store, slices, instance->number(), first, batch);
                      },
                      std::move(written));
                },
                [this](absl::Status) { Leave(); }});
      },
      [instance](const std::shared_ptr<Store>& store) { return SlicesOf(*store, instance->number()); });
}

void RocksDbEventLog::ListInstances(std::string prefix, std::string after_name, size_t limit,
                                    Callback<std::vector<InstanceInfo>> done) {
  RunWithStore<std::vector<InstanceInfo>>(
      readers_, std::move(done),
      [prefix = std::move(prefix), after_name = std::move(after_name), limit](const std::shared_ptr<Store>& store) {
        return ListInstanceInfos(store, prefix, after_name, limit);
      });
}

void RocksDbEventLog::GetInstance(std::string name, Callback<InstanceInfo> done) {
  RunWithStore<InstanceInfo>(
      readers_, std::move(done),
      [this, name = std::move(name)](const std::shared_ptr<Store>& store) -> absl::StatusOr<InstanceInfo> {
        if (absl::Status status = CheckInstanceName(name); !status.ok()) return status;
        const auto instance = FindInstance(store, name);
        if (!instance.ok()) return instance.status();
        if (!(*instance)->exists()) return NotFound(name);
        return InstanceInfo{name, (*instance)->number(), (*instance)->created_at(), (*instance)->bounds()};
      });
}

void RocksDbEventLog::DeleteInstance(std::string name, StatusCallback done) {
  OpenInstance(name, OpenMode::kExisting,
               [this, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> instance) mutable {
                 if (!instance.ok()) return std::move(done)(instance.status());
                 Enter();
                 Submit({[log_instance = std::static_pointer_cast<LogInstance>(*instance)](CommitBuilder& builder,
                                                                                           StatusCallback deleted) {
                           builder.Delete(log_instance, std::move(deleted));
                         },
                         [this, done = std::move(done)](absl::Status status) mutable {
                           std::move(done)(std::move(status));
                           Leave();
                         }});
               });
}

void RocksDbEventLog::Write(std::vector<RecordChange> changes, StatusCallback done) {
  Enter();
  absl::Status refusal = closing_.load(std::memory_order_relaxed) ? ShuttingDown() : CheckRecordChanges(changes);
  const size_t bytes = RecordBytes(changes);
  if (refusal.ok()) refusal = CheckQueue(bytes);
  auto answer = [this, bytes, done = std::move(done)](absl::Status status) mutable {
    queued_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    std::move(done)(std::move(status));
    Leave();
  };
  queued_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (!refusal.ok()) {
    return readers_.Post([answer = std::move(answer), refusal = std::move(refusal)]() mutable { answer(refusal); });
  }
  Submit({[changes = std::move(changes)](CommitBuilder& builder, StatusCallback written) {
            builder.Write(
                [&](const Store& store, rocksdb::WriteBatch& batch) { PutRecordChanges(store, changes, batch); },
                std::move(written));
          },
          std::move(answer), bytes});
}

void RocksDbEventLog::Scan(RecordSpace space, std::string prefix, std::string after_key, size_t limit,
                           Callback<std::vector<Record>> done) {
  RunWithStore<std::vector<Record>>(
      readers_, std::move(done),
      [space, prefix = std::move(prefix), after_key = std::move(after_key),
       limit](const std::shared_ptr<Store>& store) { return ScanRecords(*store, space, prefix, after_key, limit); });
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksDbEventLog(const StoreOptions& options) {
  return RocksDbEventLog::Open(options);
}

}  // namespace playhead::storage
