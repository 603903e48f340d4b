#include "storage/housekeeping/maintenance.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/await.h"
#include "storage/blocks/block_store.h"
#include "storage/erase/eraser.h"
#include "storage/erase/event_eraser.h"
#include "storage/instances/instance_catalog.h"
#include "storage/log.h"
#include "storage/store/meta.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr absl::Duration kTickInterval = absl::Seconds(1);

// How long after a write that purges, or a start, the files of the broker's rows are rewritten. One rewrite covers the
// writes that are at least this old, and a later one the others, so that each is covered within about twice this.
constexpr absl::Duration kRecordsPurgeDelay = absl::Seconds(10);

// Beyond dedup_entries_max the windows shrink by at least the first factor at a time. While there is room for half as
// many identities again, they grow by the last factor with each tick: twofold in about twelve minutes.
constexpr double kShareShrinkage = 0.7;
constexpr double kShareGrowsFromRoom = 1.5;
constexpr double kShareGrowth = 1.001;

// After a step that only searched, reclaiming pauses this many times as long as the step took. After a step that moved
// blocks, it pauses as long as the step took, and at least as long as the bytes take at this rate: appends share the
// disk and the committer with it.
constexpr int kReclaimPause = 9;
constexpr double kReclaimBytesPerSecond = 32 << 20;
// The longest pause, even after a step that a busy disk held up: erasures wait for the same thread.
constexpr absl::Duration kReclaimPauseMax = absl::Seconds(1);

// Limits for one Reload command. Each makes the followers of all logs look again, so many instances share one; but a
// failing disk may take seconds to report a read error, and instances that were read do not wait longer than this.
constexpr size_t kReloadedTogetherMax = 1000;
constexpr std::chrono::seconds kReloadedTogetherFor{1};

}  // namespace

Maintenance::Maintenance(const StoreOptions& options, std::function<std::shared_ptr<Store>()> store,
                         std::function<void(Committer::Command)> submit, StatsRecorder* stats, InstanceTable* instances)
    : options_(options),
      store_(std::move(store)),
      submit_(std::move(submit)),
      stats_(stats),
      instances_(instances),
      reclaimer_(options.slice_bytes, stats) {
  ticker_ = std::thread([this] { Tick(); });
}

void Maintenance::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    stop_.SignalAll();
  }
  canceled_ = true;
  if (ticker_.joinable()) ticker_.join();
  tasks_.Join();
  reloads_.Join();
}

void Maintenance::GoOn() {
  absl::MutexLock lock(&mu_);
  if (!stopping_) canceled_ = false;
}

void Maintenance::RollSlice() { Post({"roll_slice", &Maintenance::Roll}); }
void Maintenance::MergeFullSlices() { Post({"merge_slices", &Maintenance::Merge}); }
void Maintenance::EraseDeleted() {
  if (!erasure_posted_.exchange(true)) Post({"erase", &Maintenance::Erase});
}

void Maintenance::PurgeRows() {
  SteadyTime none = kNever;
  purge_records_at_.compare_exchange_strong(none, SteadyClock::now() + absl::ToChronoNanoseconds(kRecordsPurgeDelay));
}

void Maintenance::EraseEvents() { Post({"erase_events", &Maintenance::EraseFromLogs}); }
void Maintenance::ReloadInstances() {
  // These instances refuse appends until they are loaded: this has a thread of its own, and is retried after any error.
  Post({.name = "reload_instances",
        .run = &Maintenance::Reload,
        .retry_delay_of_damage = kRetryDelayMax,
        .on = &reloads_});
}

void Maintenance::Post(Task task) {
  Executor& executor = task.on == nullptr ? tasks_ : *task.on;
  executor.Post([this, task]() mutable {
    const std::shared_ptr<Store> store = canceled_ ? nullptr : store_();
    const absl::Status status = store == nullptr ? absl::UnavailableError("no store") : (this->*task.run)(*store);
    if (status.ok()) return;
    const bool is_damage = HasReason(status, Reason::kDataLoss);
    const std::chrono::seconds delay = is_damage ? task.retry_delay_of_damage : task.retry_delay;
    const SteadyTime due = SteadyClock::now() + delay;
    if (store != nullptr && !canceled_) {
      LogWarning("maintenance_failed", absl::StrCat("task=", task.name, " again_s=", delay.count()), status);
      task.retry_delay = std::min(2 * task.retry_delay, kRetryDelayMax);
    }
    absl::MutexLock lock(&mu_);
    if (stopping_) return;
    const auto same = absl::c_find_if(failed_, [&task](const FailedTask& other) { return other.task.run == task.run; });
    if (same == failed_.end()) {
      failed_.push_back({task, due});
    } else if (due < same->due) {
      *same = {task, due};
    }
  });
}

void Maintenance::RetryFailed() {
  std::vector<FailedTask> due;
  {
    absl::MutexLock lock(&mu_);
    const auto later =
        std::stable_partition(failed_.begin(), failed_.end(),
                              [now = SteadyClock::now()](const FailedTask& failed) { return failed.due <= now; });
    due.assign(failed_.begin(), later);
    failed_.erase(failed_.begin(), later);
  }
  for (const FailedTask& failed : due) Post(failed.task);
}

absl::Status Maintenance::Roll(Store& store) {
  const uint32_t next = NextSliceNumber(store);
  absl::Status status = store.CreateSlice(next);
  if (status.ok()) {
    status =
        RunCommand([next](CommitBuilder& builder, StatusCallback done) { builder.UseSlice(next, std::move(done)); });
  }
  // A task of its own: retrying it as part of this one would create another slice each time.
  if (status.ok()) MergeFullSlices();
  return status;
}

absl::Status Maintenance::Merge(Store& store) {
  auto slices = store.slices();
  slices.erase(std::prev(slices.end()));  // The newest still grows.
  absl::Status damage;
  for (const auto& [number, slice] : slices) {
    if (!NeedsMerge(store, *slice)) continue;
    absl::Status status = MergeSlice(store, number, canceled_);
    // A damaged slice does not hold up the others.
    if (!status.ok() && !HasReason(status, Reason::kDataLoss)) return status;
    damage.Update(std::move(status));
  }
  return damage;
}

absl::Status Maintenance::Erase(Store& store) {
  erasure_posted_ = false;  // Before the search: what is deleted from here on may need another task.
  for (;;) {
    const auto pending = PendingErasures(store);
    if (!pending.ok()) return pending.status();
    if (pending->empty()) return absl::OkStatus();
    const absl::Status status = EraseInstances(store, *pending, canceled_, [this](FillBatch fill) {
      return RunCommand([fill = std::move(fill)](CommitBuilder& builder, StatusCallback done) mutable {
        builder.Write(std::move(fill), std::move(done));
      });
    });
    if (!status.ok()) return status;
    stats_->NoteErasure(pending->size());
    NoteTrim();
  }
}

void Maintenance::BeginReclaim() {
  if (!trimmed_ || reclaiming_ || SteadyClock::now() < next_round_) return;
  reclaiming_ = true;
  trimmed_ = false;  // The round may miss trims from here on.
  round_began_ = SteadyClock::now();
  Post({"reclaim", &Maintenance::Reclaim});
}

absl::Status Maintenance::Reclaim(Store& store) {
  const SteadyTime begin = SteadyClock::now();
  const auto step = reclaimer_.Run(store, [this](FillBatch fill) {
    return RunCommand([fill = std::move(fill)](CommitBuilder& builder, StatusCallback done) mutable {
      builder.Write(std::move(fill), std::move(done));
    });
  });
  if (!step.ok()) return step.status();
  if (step->round_ended) {
    stats_->NoteReclaimRound();
    next_round_ = SteadyClock::now() + (SteadyClock::now() - round_began_);
    if (reclaimer_.TakeWantsSlice()) {
      NoteTrim();
      RollSlice();
    }
    reclaiming_ = false;
    return absl::OkStatus();
  }
  // Other tasks wait for this one, so it is only one step.
  const absl::Duration worked = absl::FromChrono(SteadyClock::now() - begin);
  const absl::Duration pause =
      step->moved_bytes == 0
          ? kReclaimPause * worked
          : std::max(worked, absl::Seconds(static_cast<double>(step->moved_bytes) / kReclaimBytesPerSecond));
  {
    absl::MutexLock lock(&mu_);
    AwaitStop(std::min(pause, kReclaimPauseMax));
  }
  Post({"reclaim", &Maintenance::Reclaim});
  return absl::OkStatus();
}

absl::Status Maintenance::PurgeRecordFiles(Store& store) {
  const Timestamp before(absl::ToUnixMicros(absl::Now() - kRecordsPurgeDelay));
  const auto more = PurgeRecords(store, before, canceled_, [this](FillBatch fill) {
    return RunCommand([fill = std::move(fill)](CommitBuilder& builder, StatusCallback done) mutable {
      builder.Write(std::move(fill), std::move(done));
    });
  });
  if (more.ok() && *more) PurgeRows();
  return more.status();
}

absl::Status Maintenance::EraseFromLogs(Store& store) {
  return EventEraser(
             store.shared_from_this(), *instances_, *stats_, canceled_,
             [this](EventEraser::Build build) { return RunCommand(std::move(build)); },
             [this, &store] { return Erase(store); })
      .Run();
}

absl::Status Maintenance::Reload(Store& store) {
  absl::Status failure;
  // An error that is not damage may be temporary and is retried sooner, so it takes precedence.
  const auto note = [&failure](absl::Status status) {
    if (failure.ok() || (!status.ok() && HasReason(failure, Reason::kDataLoss))) failure = std::move(status);
  };
  std::vector<std::shared_ptr<LogInstance>> waiting = instances_->All();
  std::erase_if(waiting, [](const auto& instance) { return instance->CheckLoaded().ok(); });
  while (!waiting.empty()) {
    std::vector<CommitBuilder::Loaded> loaded;
    const SteadyTime end = SteadyClock::now() + kReloadedTogetherFor;
    for (; !waiting.empty() && loaded.size() < kReloadedTogetherMax && SteadyClock::now() < end; waiting.pop_back()) {
      if (canceled_) return MakeError(Reason::kShuttingDown, "loading goes on later");
      const std::shared_ptr<LogInstance>& instance = waiting.back();
      auto state = LoadInstance(store.shared_from_this(), instance->name());
      if (state.ok()) {
        loaded.push_back({instance, *std::move(state)});
        continue;
      }
      const bool is_new = instance->CheckLoaded().message() != state.status().message();
      if (is_new) LogError("instance_not_loaded", absl::StrCat("instance=", instance->name()), state.status());
      instance->NoteLoadFailure(state.status());
      note(state.status());
    }
    if (loaded.empty()) continue;
    absl::Status status =
        RunCommand([&](CommitBuilder& builder, StatusCallback done) { builder.Reload(loaded, std::move(done)); });
    if (status.ok()) LogInfo("instances_loaded", absl::StrCat("instances=", loaded.size()));
    note(std::move(status));
  }
  return failure;
}

absl::Status Maintenance::CompactIdentities(Store& store) {
  rocksdb::CompactRangeOptions options;
  options.canceled = &canceled_;
  const rocksdb::Status status = store.db()->CompactRange(options, store.family(Family::kDedup), nullptr, nullptr);
  if (status.ok()) compacting_identities_ = false;
  return ReadError(status, "forgetting identities");
}

bool Maintenance::AwaitStop(absl::Duration timeout) {
  return stop_.AwaitWithTimeout(
      &mu_, [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_; }, timeout);
}

void Maintenance::Tick() {
  const absl::Duration interval =
      options_.durability == Durability::kOs ? std::min(kTickInterval, options_.sync_interval) : kTickInterval;
  absl::MutexLock lock(&mu_);
  while (!AwaitStop(interval)) {
    mu_.Unlock();
    if (const std::shared_ptr<Store> store = store_(); store != nullptr) {
      if (options_.durability == Durability::kOs) SyncUnsynced(*store);
      ForgetIdentities(*store);
      stats_->set_wal_bytes(store->WalBytes());
      stats_->NoteWriteStalls(store->TakeWriteStalls());
      store->PauseDamagedMerges(SteadyClock::now());
      RetryFailed();
      if (purge_records_at_.load() <= SteadyClock::now()) {
        purge_records_at_ = kNever;
        Post({"purge_records", &Maintenance::PurgeRecordFiles});
      }
      BeginReclaim();
    }
    mu_.Lock();
  }
}

void Maintenance::SyncUnsynced(Store& store) {
  const absl::Status status = store.SyncLog();
  if (status.ok()) return;
  LogError("sync_failed", "", status);
  // Nothing more can be written to the store. The next write fails too, which makes the committer reopen it; without
  // appends, this one: of a row that is there already.
  submit_({[](CommitBuilder& builder, StatusCallback done) {
             const auto rewrite = [](const Store& written, rocksdb::WriteBatch& batch) {
               PutMetaNumber(written, meta_key::kFormat, kFormatVersion, batch);
             };
             builder.Write(rewrite, std::move(done));
           },
           [](const absl::Status& /*status*/) {}});
}

void Maintenance::ForgetIdentities(Store& store) {
  uint64_t entries = 0;
  store.db()->GetIntProperty(store.family(Family::kDedup), rocksdb::DB::Properties::kEstimateNumKeys, &entries);
  const double room =
      static_cast<double>(options_.dedup_entries_max) / static_cast<double>(std::max<uint64_t>(entries, 1));
  const bool too_many = entries > options_.dedup_entries_max;
  if (!too_many && room >= kShareGrowsFromRoom) dedup_share_ = std::min(1.0, dedup_share_ * kShareGrowth);
  // One compaction at a time, however long it takes. The age of the identities is not known, so the windows shrink
  // until a compaction has brought their number down.
  const bool shrink = too_many && !compacting_identities_.exchange(true);
  if (shrink) dedup_share_ *= std::min(kShareShrinkage, room);
  store.dedup_expiry().set_share(dedup_share_);
  if (!shrink) return;
  LogWarning("dedup_window_shrunk", absl::StrCat("entries=", entries, " share=", dedup_share_));
  Post({"forget", &Maintenance::CompactIdentities});
}

absl::Status Maintenance::RunCommand(absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&> build) {
  return AwaitStatus([&](auto done) { submit_({std::move(build), std::move(done)}); });
}

}  // namespace playhead::storage
