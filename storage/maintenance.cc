#include "storage/maintenance.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "storage/block_store.h"
#include "storage/eraser.h"
#include "storage/log.h"

namespace playhead::storage {
namespace {

constexpr absl::Duration kTickInterval = absl::Seconds(1);

void LogFailure(absl::string_view task, const absl::Status& status) {
  if (!status.ok()) LogWarning("maintenance_failed", absl::StrCat("task=", task), status);
}

}  // namespace

Maintenance::Maintenance(const StoreOptions& options, std::function<std::shared_ptr<Store>()> store,
                         std::function<void(Committer::Command)> submit)
    : options_(options), store_(std::move(store)), submit_(std::move(submit)) {
  ticker_ = std::thread([this] { Tick(); });
}

Maintenance::~Maintenance() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  ticker_.join();
  tasks_.Join();
}

void Maintenance::RollSlice() {
  tasks_.Post([this] {
    const std::shared_ptr<Store> store = store_();
    if (store == nullptr) return;
    const uint32_t full = NextSliceNumber(*store) - 1;
    absl::Status status = store->CreateSlice(full + 1);
    if (status.ok()) {
      status = RunCommand(
          [next = full + 1](CommitBuilder& builder, StatusCallback done) { builder.UseSlice(next, std::move(done)); });
    }
    if (status.ok()) status = MergeSlice(*store, full);
    LogFailure("roll_slice", status);
  });
}

void Maintenance::EraseDeleted() {
  tasks_.Post([this] {
    const std::shared_ptr<Store> store = store_();
    if (store == nullptr) return;
    const auto pending = PendingErasures(*store);
    LogFailure("erase", pending.status());
    if (!pending.ok()) return;
    for (const InstanceNumber instance : *pending) {
      LogFailure("erase", EraseInstance(*store, instance, [this](FillBatch fill) {
                   return RunCommand([fill = std::move(fill)](CommitBuilder& builder, StatusCallback done) mutable {
                     builder.Write(std::move(fill), std::move(done));
                   });
                 }));
    }
  });
}

void Maintenance::Tick() {
  const absl::Duration interval =
      options_.durability == Durability::kOs ? std::min(kTickInterval, options_.sync_interval) : kTickInterval;
  absl::MutexLock lock(&mu_);
  while (!mu_.AwaitWithTimeout(absl::Condition(&stopping_), interval)) {
    mu_.Unlock();
    if (const std::shared_ptr<Store> store = store_(); store != nullptr) {
      // A failed sync also fails the next write, which then deals with it.
      if (options_.durability == Durability::kOs) store->db()->SyncWAL().PermitUncheckedError();
      ForgetIdentities(*store);
    }
    mu_.Lock();
  }
}

void Maintenance::ForgetIdentities(Store& store) {
  uint64_t entries = 0;
  store.db()->GetIntProperty(store.family(Family::kDedup), rocksdb::DB::Properties::kEstimateNumKeys, &entries);
  // Beyond the bound the window shrinks in proportion.
  const double share = std::min(
      1.0, static_cast<double>(options_.dedup_entries_max) / static_cast<double>(std::max<uint64_t>(entries, 1)));
  store.RaiseDedupCutoff(Timestamp(absl::ToUnixMicros(absl::Now() - options_.dedup_window * share)));
  if (share == 1.0) return;
  tasks_.Post([this] {
    const std::shared_ptr<Store> open = store_();
    if (open == nullptr) return;
    const rocksdb::Status status =
        open->db()->CompactRange(rocksdb::CompactRangeOptions(), open->family(Family::kDedup), nullptr, nullptr);
    if (!status.ok()) LogFailure("forget_identities", absl::UnavailableError(status.ToString()));
  });
}

absl::Status Maintenance::RunCommand(absl::AnyInvocable<void(CommitBuilder&, StatusCallback) &&> build) {
  absl::Status result;
  absl::Notification done;
  submit_({std::move(build), [&](absl::Status status) {
             result = std::move(status);
             done.Notify();
           }});
  done.WaitForNotification();
  return result;
}

}  // namespace playhead::storage
