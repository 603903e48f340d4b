#include "storage/engine/rocksdb_event_log.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "proto/errors.h"
#include "storage/blocks/block_search.h"
#include "storage/blocks/block_store.h"
#include "storage/blocks/range_reader.h"
#include "storage/commit/append_pipeline.h"
#include "storage/commit/committer.h"
#include "storage/commit/current_store.h"
#include "storage/commit/disk_space.h"
#include "storage/commit/open_calls.h"
#include "storage/engine/erasure_orders.h"
#include "storage/engine/long_jobs.h"
#include "storage/executor.h"
#include "storage/housekeeping/maintenance.h"
#include "storage/instances/instance_catalog.h"
#include "storage/instances/instance_table.h"
#include "storage/log.h"
#include "storage/many/many_read.h"
#include "storage/stats_recorder.h"
#include "storage/store/meta.h"
#include "storage/store/record_rows.h"
#include "storage/store/store.h"
#include "storage/store/store_file_system.h"

namespace playhead::storage {
namespace {

absl::Status NotFound(absl::string_view name) {
  return MakeError(Reason::kInstanceNotFound, absl::StrCat("there is no instance ", name));
}

class RocksDbEventLog final : public EventLog, private RecordStore, private AppendPipeline::Owner {
 public:
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(const StoreOptions& options) {
    auto log = std::unique_ptr<RocksDbEventLog>(new RocksDbEventLog(options));
    Commit nobody_follows_yet;
    auto builder = log->OpenStore(options, {}, nobody_follows_yet);
    if (!builder.ok()) return builder.status();
    log->store_id_ = log->store_.get()->Id();
    log->Start(*std::move(builder));
    return log;
  }

  ~RocksDbEventLog() override {
    if (maintenance_ == nullptr) return;  // It never opened.
    calls_.Close();
    // An answer in progress may still request housekeeping; later ones see that the log is closing.
    pipeline_.AwaitAnswers();
    jobs_.Stop();
    maintenance_->Stop();
    pipeline_.Stop();
    resolvers_.Join();
    readers_.Join();
    if (const auto store = store_.get(); store != nullptr) {
      const absl::Status status = store->MarkCleanStop();
      if (!status.ok()) LogWarning("clean_stop_failed", "", status);
    }
  }

  std::unique_ptr<AppendSession> NewAppendSession() override { return pipeline_.NewSession(); }
  void OpenInstance(absl::string_view name, OpenMode mode, Callback<std::shared_ptr<Instance>> done) override;
  void Read(std::shared_ptr<Instance> instance, ReadOptions options, Callback<ReadResult> done) override;
  void FindTime(std::shared_ptr<Instance> instance, Timestamp time, Callback<Cursor> done) override;
  void FindBytes(std::shared_ptr<Instance> instance, uint64_t kept_bytes_max, Callback<Cursor> done) override;
  void BytesBehind(std::shared_ptr<Instance> instance, Cursor after, Callback<uint64_t> done) override;
  void FindCommit(std::shared_ptr<Instance> instance, CommitPosition commit, Callback<Cursor> done) override;
  void ReadMany(ManyReadOptions options, Callback<ManyReadResult> done) override;
  void CheckStorePosition(StorePosition position, StatusCallback done) override;
  StorePosition head_position() const override {
    return StorePosition::EndOf(CommitPosition(head_commit_.load(std::memory_order_acquire)));
  }
  void FindTimeInStore(Timestamp time, Callback<StorePosition> done) override;
  uint64_t store_id() const override { return store_id_; }
  void Trim(std::shared_ptr<Instance> instance, Cursor first_kept, StatusCallback done) override;
  void ListInstances(std::string prefix, std::string after_name, size_t limit,
                     Callback<std::vector<InstanceInfo>> done) override;
  void GetInstance(std::string name, Callback<InstanceInfo> done) override;
  void DeleteInstance(std::string name, InstanceNumber number, StatusCallback done) override;
  void Backup(BackupOptions options, std::shared_ptr<JobControl> control,
              std::function<void(const BackupProgress&)> progress, Callback<BackupReport> done) override {
    jobs_.Backup(std::move(options), std::move(control), std::move(progress), std::move(done));
  }
  void Verify(VerifyOptions options, std::shared_ptr<JobControl> control, VerifyListener listener,
              Callback<VerifyProgress> done) {
    jobs_.Verify(options, std::move(control), std::move(listener), std::move(done));
  }
  void Flush(StatusCallback done) override;
  void SetCommitListener(CommitListener* listener) override { pipeline_.set_listener(listener); }
  Durability durability() const override { return options_.durability; }
  absl::Status CheckTakesAppends() const override {
    if (absl::Status status = store_.Get().status(); !status.ok()) return status;
    return disk_.Check();
  }
  TypeLifeTable& type_lives() override { return type_lives_; }
  RecordStore& records() override { return *this; }
  Erasures& erasures() override { return erasures_; }
  LogStats stats() const override {
    LogStats stats = stats_.Snapshot();
    stats.disk_free_bytes = disk_.free_bytes();
    return stats;
  }

 private:
  explicit RocksDbEventLog(const StoreOptions& options)
      : options_(options),
        disk_(EnvOf(options), options.data_dir, options.disk_free_bytes_min),
        table_(options.idle_instances_max),
        resolvers_(options.resolver_threads),
        readers_(options.reader_threads),
        pipeline_(options, {store_, table_, disk_, resolvers_, calls_, stats_}, this) {}

  // Opens the store, makes it current, and reloads the instances in memory as far as the store can be read. Adds to
  // `news` what their followers must be told.
  absl::StatusOr<std::unique_ptr<CommitBuilder>> OpenStore(const StoreOptions& options,
                                                           const CommitBuilder::GivenOut& given_out, Commit& news);
  void ReloadInstances(const std::shared_ptr<const Store>& store, Commit& news);
  void Start(std::unique_ptr<CommitBuilder> builder);

  // RecordStore.
  void Write(std::vector<RecordChange> changes, StatusCallback done) override;
  void Scan(RecordSpace space, std::string prefix, std::string after_key, size_t limit,
            Callback<std::vector<Record>> done) override;

  // AppendPipeline::Owner.
  void OnCommitted(const Commit& commit) override;
  void OnAnswered(const Commit& commit) override;
  AppendPipeline::Reopened Reopen(const absl::Status& cause, const CommitBuilder::GivenOut& given_out) override;

  // Runs `task` with the open store on `executor`, and calls `done` with its result or with why there is no store.
  template <typename T>
  void RunWithStore(Executor& executor, Callback<T> done,
                    absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> task);
  // The same on a reader thread, for searches: counts the damage that they meet.
  template <typename T>
  void Search(Callback<T> done, absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> search);
  // The same for a search of one log.
  template <typename T>
  void SearchLog(std::shared_ptr<Instance> instance, Callback<T> done,
                 absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&, const Instance&)> search);

  const StoreOptions options_;
  DiskSpace disk_;
  StatsRecorder stats_;
  TypeLifeTable type_lives_;
  InstanceTable table_;
  OpenCalls calls_;
  CurrentStore store_;
  uint64_t store_id_ = 0;  // Set before other threads see this object.
  std::atomic<uint64_t> head_commit_{0};
  // Whether events were stored since the epoch was raised. Initially true: an earlier process may have stored some.
  std::atomic<bool> stored_since_open_{true};
  std::shared_ptr<absl::Notification> store_closed_;  // Used only by Open() and the committing thread that reopens.

  // The destructor stops these explicitly, in the required order.
  LongJobs jobs_{options_, store_};
  Executor resolvers_;
  Executor readers_;
  AppendPipeline pipeline_;
  std::unique_ptr<Maintenance> maintenance_;
  ErasureOrders erasures_{{*this, store_, pipeline_, calls_, readers_}, [this] { maintenance_->EraseEvents(); }};
};

absl::StatusOr<std::unique_ptr<CommitBuilder>> RocksDbEventLog::OpenStore(const StoreOptions& options,
                                                                          const CommitBuilder::GivenOut& given_out,
                                                                          Commit& news) {
  auto opened = Store::Open(options);
  if (!opened.ok()) return opened.status();
  // At most once for what was stored since the last time, so that a disk that keeps failing does not use up epochs.
  if ((*opened)->history_may_be_lost() && stored_since_open_.load(std::memory_order_relaxed)) {
    LogWarning("history_may_be_lost", absl::StrCat("data_dir=", options.data_dir, " action=raise_epoch"));
    if (absl::Status status = RaiseEpochFloor(**opened); !status.ok()) return status;
    stored_since_open_.store(false, std::memory_order_relaxed);
  }
  if (absl::Status status = (*opened)->NoteHistorySettled(); !status.ok()) return status;
  auto builder = CommitBuilder::Load(*opened, options, given_out);
  if (!builder.ok()) return builder.status();
  ReloadInstances(*opened, news);
  news.holds_more = true;
  if ((*opened)->erasures().masks().set() != nullptr) news.erased.push_back(InstanceNumber());
  stats_.set_instances((*builder)->instance_count());
  head_commit_.store((*builder)->last_listed().value(), std::memory_order_release);
  store_closed_ = (*opened)->closed();
  store_.Set(*std::move(opened));
  return builder;
}

void RocksDbEventLog::ReloadInstances(const std::shared_ptr<const Store>& store, Commit& news) {
  // All appends wait for this, and a failing disk may take seconds to report a read error. Housekeeping loads the rest.
  using SteadyClock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kFailingMax(1);
  SteadyClock::time_point end = SteadyClock::time_point::max();
  for (const std::shared_ptr<LogInstance>& instance : table_.All()) {
    const SteadyClock::time_point begin = SteadyClock::now();
    if (begin >= end) {
      instance->SetNotLoaded(MakeError(Reason::kStoreUnavailable, "the log is yet to be loaded: try again soon"));
      continue;
    }
    const auto state = LoadInstance(store, instance->name());
    if (state.ok()) {
      instance->Reload(*state);
      if (!instance->deleted()) continue;
      table_.Erase(*instance);
      news.deleted.push_back(instance);
    } else {
      end = std::min(end, begin + kFailingMax);
      LogError("instance_not_loaded", absl::StrCat("instance=", instance->name()), state.status());
      instance->SetNotLoaded(state.status());
    }
  }
}

void RocksDbEventLog::Start(std::unique_ptr<CommitBuilder> builder) {
  disk_.Start();
  pipeline_.Start(std::move(builder));
  maintenance_ = std::make_unique<Maintenance>(
      options_, [this] { return store_.get(); },
      [this](Committer::Command command) { pipeline_.Submit(std::move(command)); }, &stats_, &table_);
  maintenance_->EraseDeleted();
  maintenance_->PurgeRows();
  maintenance_->EraseEvents();
  maintenance_->MergeFullSlices();
}

AppendPipeline::Reopened RocksDbEventLog::Reopen(const absl::Status& cause, const CommitBuilder::GivenOut& given_out) {
  if (store_.Drop(cause)) LogError("write_failed", "action=reopen", cause);
  maintenance_->CutOff();
  jobs_.CutOff();
  store_closed_->WaitForNotification();  // Readers release the old store soon, and no new ones get it.
  StoreOptions options = options_;
  options.accept_truncation = false;  // The operator accepted the damage at the start, nothing later.
  auto news = std::make_unique<Commit>();
  auto builder = OpenStore(options, given_out, *news);
  if (!builder.ok()) {
    LogError("reopen_failed", absl::StrCat("data_dir=", options.data_dir), builder.status());
    return {};
  }
  maintenance_->GoOn();
  maintenance_->ReloadInstances();
  // Commits that failed may be on disk nevertheless, and their housekeeping was not started.
  maintenance_->EraseDeleted();
  maintenance_->PurgeRows();
  maintenance_->EraseEvents();
  stats_.NoteReopen();
  LogInfo("reopened", absl::StrCat("data_dir=", options.data_dir));
  return {*std::move(builder), std::move(news)};
}

void RocksDbEventLog::OnCommitted(const Commit& commit) {
  for (const auto& instance : commit.deleted) table_.Erase(*instance);
  if (!commit.blocks.empty()) {
    stored_since_open_.store(true, std::memory_order_relaxed);
    head_commit_.store(commit.number, std::memory_order_release);
  }
  if (!commit.write_time) return;
  uint64_t events = 0;
  uint64_t bytes = 0;
  for (const PublishedBlock& published : commit.blocks) {
    events += published.block->header().event_count;
    bytes += published.block->body().size();
  }
  stats_.NoteCommit(events, bytes, *commit.write_time, options_.durability == Durability::kDisk);
  stats_.set_instances(commit.instance_count);
}

void RocksDbEventLog::OnAnswered(const Commit& commit) {
  if (calls_.closing()) return;
  if (commit.wants_slice) maintenance_->RollSlice();
  if (!commit.deleted.empty()) maintenance_->EraseDeleted();
  if (commit.purges_records) maintenance_->PurgeRows();
}

template <typename T>
void RocksDbEventLog::RunWithStore(Executor& executor, Callback<T> done,
                                   absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> task) {
  calls_.Enter();
  executor.Post([this, done = std::move(done), task = std::move(task)]() mutable {
    auto result = [&]() -> absl::StatusOr<T> {
      if (absl::Status status = calls_.CheckOpen(); !status.ok()) return status;
      const auto store = store_.Get();
      return store.ok() ? task(*store) : store.status();
    }();  // Releases the store before the callback.
    std::move(done)(std::move(result));
    calls_.Leave();
  });
}

void RocksDbEventLog::OpenInstance(absl::string_view name, OpenMode mode, Callback<std::shared_ptr<Instance>> done) {
  calls_.Enter();
  auto answer = [this, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> result) mutable {
    std::move(done)(std::move(result));
    calls_.Leave();
  };
  RunWithStore<std::shared_ptr<LogInstance>>(
      resolvers_,
      [this, mode, answer = std::move(answer)](absl::StatusOr<std::shared_ptr<LogInstance>> found) mutable {
        if (!found.ok()) return answer(found.status());
        const std::shared_ptr<LogInstance> instance = *std::move(found);
        if (instance->exists()) return answer(instance);
        if (mode == OpenMode::kExisting || !options_.create_instances) return answer(NotFound(instance->name()));
        pipeline_.Submit({[instance](CommitBuilder& builder, StatusCallback created) {
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
        return FindInstance(table_, store, name);
      });
}

void RocksDbEventLog::Read(std::shared_ptr<Instance> instance, ReadOptions options, Callback<ReadResult> done) {
  SearchLog<ReadResult>(std::move(instance), std::move(done),
                        [this, options = std::move(options)](const auto& store, const Instance& log) {
                          auto result = ReadRange(store, log, options, type_lives_.Find(log.name()).get());
                          if (result.ok()) stats_.NoteRead(result->bytes, result->scanned_blocks);
                          return result;
                        });
}

template <typename T>
void RocksDbEventLog::Search(Callback<T> done,
                             absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&)> search) {
  RunWithStore<T>(readers_, std::move(done),
                  [this, search = std::move(search)](const std::shared_ptr<Store>& store) mutable {
                    auto found = search(store);
                    if (HasReason(found.status(), Reason::kDataLoss)) stats_.NoteDamage();
                    return found;
                  });
}

template <typename T>
void RocksDbEventLog::SearchLog(
    std::shared_ptr<Instance> instance, Callback<T> done,
    absl::AnyInvocable<absl::StatusOr<T>(const std::shared_ptr<Store>&, const Instance&)> search) {
  Search<T>(std::move(done), [instance = std::move(instance), search = std::move(search)](const auto& store) mutable {
    const absl::Status loaded = static_cast<const LogInstance&>(*instance).CheckLoaded();
    absl::StatusOr<T> found = search(store, *instance);
    // For a log that is not loaded, the bounds in memory may not match the disk: that is no damage.
    if (!loaded.ok() && HasReason(found.status(), Reason::kDataLoss)) found = loaded;
    return found;
  });
}

void RocksDbEventLog::FindTime(std::shared_ptr<Instance> instance, Timestamp time, Callback<Cursor> done) {
  SearchLog<Cursor>(std::move(instance), std::move(done),
                    [time](const auto& store, const Instance& log) { return FindTimeInLog(store, log, time); });
}

void RocksDbEventLog::FindBytes(std::shared_ptr<Instance> instance, uint64_t kept_bytes_max, Callback<Cursor> done) {
  SearchLog<Cursor>(std::move(instance), std::move(done), [kept_bytes_max](const auto& store, const Instance& log) {
    return FindBytesInLog(store, log, kept_bytes_max);
  });
}

void RocksDbEventLog::BytesBehind(std::shared_ptr<Instance> instance, Cursor after, Callback<uint64_t> done) {
  SearchLog<uint64_t>(std::move(instance), std::move(done),
                      [after](const auto& store, const Instance& log) { return BytesBehindInLog(store, log, after); });
}

void RocksDbEventLog::FindCommit(std::shared_ptr<Instance> instance, CommitPosition commit, Callback<Cursor> done) {
  SearchLog<Cursor>(std::move(instance), std::move(done),
                    [commit](const auto& store, const Instance& log) { return FindCommitInLog(store, log, commit); });
}

void RocksDbEventLog::ReadMany(ManyReadOptions options, Callback<ManyReadResult> done) {
  Search<ManyReadResult>(std::move(done), [this, options = std::move(options)](const std::shared_ptr<Store>& store) {
    auto result = ReadManyInstances({store, table_, type_lives_, head_position().commit}, options);
    if (result.ok()) stats_.NoteRead(result->bytes, result->scanned_blocks);
    return result;
  });
}

void RocksDbEventLog::CheckStorePosition(StorePosition position, StatusCallback done) {
  RunWithStore<bool>(
      readers_, [done = std::move(done)](absl::StatusOr<bool> checked) mutable { std::move(done)(checked.status()); },
      [this, position](const std::shared_ptr<Store>& store) -> absl::StatusOr<bool> {
        if (absl::Status status = CheckPosition({store, table_, type_lives_, head_position().commit}, position);
            !status.ok()) {
          return status;
        }
        return true;
      });
}

void RocksDbEventLog::FindTimeInStore(Timestamp time, Callback<StorePosition> done) {
  Search<StorePosition>(std::move(done), [this, time](const std::shared_ptr<Store>& store) {
    return FindTimeInCommits({store, table_, type_lives_, head_position().commit}, time);
  });
}

void RocksDbEventLog::Trim(std::shared_ptr<Instance> instance, Cursor first_kept, StatusCallback done) {
  calls_.Enter();
  auto log_instance = std::static_pointer_cast<LogInstance>(std::move(instance));
  pipeline_.Submit({[log_instance, first_kept](CommitBuilder& builder, StatusCallback trimmed) {
                      builder.Trim(log_instance, first_kept, std::move(trimmed));
                    },
                    [this, done = std::move(done)](absl::Status status) mutable {
                      if (status.ok()) maintenance_->NoteTrim();  // Readers see the trim already.
                      std::move(done)(std::move(status));
                      calls_.Leave();
                    }});
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
        const auto instance = FindInstance(table_, store, name);
        if (!instance.ok()) return instance.status();
        if (!(*instance)->exists()) return NotFound(name);
        return InstanceInfo{name, (*instance)->number(), (*instance)->created_at(), (*instance)->bounds()};
      });
}

void RocksDbEventLog::DeleteInstance(std::string name, InstanceNumber number, StatusCallback done) {
  OpenInstance(
      name, OpenMode::kExisting,
      [this, name, number, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> instance) mutable {
        if (!instance.ok()) return std::move(done)(instance.status());
        if ((*instance)->number() != number) return std::move(done)(NotFound(name));
        calls_.Enter();
        pipeline_.Submit(
            {[log_instance = std::static_pointer_cast<LogInstance>(*instance)](
                 CommitBuilder& builder, StatusCallback deleted) { builder.Delete(log_instance, std::move(deleted)); },
             [this, done = std::move(done)](absl::Status status) mutable {
               std::move(done)(std::move(status));
               calls_.Leave();
             }});
      });
}

void RocksDbEventLog::Flush(StatusCallback done) {
  RunWithStore<bool>(
      readers_, [done = std::move(done)](absl::StatusOr<bool> flushed) mutable { std::move(done)(flushed.status()); },
      [](const std::shared_ptr<Store>& store) -> absl::StatusOr<bool> {
        if (absl::Status status = store->Flush(); !status.ok()) return status;
        return true;
      });
}

void RocksDbEventLog::Write(std::vector<RecordChange> changes, StatusCallback done) {
  calls_.Enter();
  absl::Status refusal = calls_.CheckOpen();
  refusal.Update(CheckRecordChanges(changes));
  const size_t bytes = RecordBytes(changes);
  refusal.Update(pipeline_.CheckQueue(bytes));
  auto answer = [this, bytes, done = std::move(done)](absl::Status status) mutable {
    pipeline_.RemoveQueued(bytes);
    std::move(done)(std::move(status));
    calls_.Leave();
  };
  pipeline_.AddQueued(bytes);
  if (!refusal.ok()) {
    return readers_.Post([answer = std::move(answer), refusal = std::move(refusal)]() mutable { answer(refusal); });
  }
  pipeline_.Submit(
      {[changes = std::move(changes)](CommitBuilder& builder, StatusCallback written) {
         builder.Write([&](const Store& store, rocksdb::WriteBatch& batch) { PutRecordChanges(store, changes, batch); },
                       std::move(written));
         if (absl::c_any_of(changes, [](const RecordChange& change) { return change.purge; })) builder.PurgeRecords();
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

void VerifyRocksDbEventLog(EventLog& log, VerifyOptions options, std::shared_ptr<JobControl> control,
                           VerifyListener listener, Callback<VerifyProgress> done) {
  static_cast<RocksDbEventLog&>(log).Verify(options, std::move(control), std::move(listener), std::move(done));
}

absl::StatusOr<std::unique_ptr<EventLog>> OpenRocksDbEventLog(const StoreOptions& options) {
  return RocksDbEventLog::Open(options);
}

}  // namespace playhead::storage
