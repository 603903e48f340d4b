#include "broker/instance_deletion.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/log.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"
#include "storage/await.h"

namespace playhead::broker {
namespace {

using storage::Await;
using storage::AwaitStatus;
using storage::Instance;
using storage::InstanceInfo;
using storage::InstanceNumber;
using storage::RecordSpace;

constexpr absl::string_view kRowPrefix = "deletion/";

// The row's value is the name.
std::string RowKey(InstanceNumber number) { return absl::StrCat(kRowPrefix, number.value()); }

absl::Status Stopped() { return MakeError(Reason::kShuttingDown, "the broker stops"); }

// An instance that is no longer in the log.
class DeletedInstance final : public Instance {
 public:
  DeletedInstance(std::string name, InstanceNumber number) : name_(std::move(name)), number_(number) {}
  const std::string& name() const override { return name_; }
  InstanceNumber number() const override { return number_; }
  storage::LogBounds bounds() const override { return {}; }
  storage::Cursor head() const override { return {}; }
  bool deleted() const override { return true; }

 private:
  const std::string name_;
  const InstanceNumber number_;
};

}  // namespace

struct InstanceDeletion::Order {
  InstanceInfo info;
  storage::StatusCallback done;
};

absl::Status InstanceDeletion::Resume() {
  return ForEachRecord(log_.records(), RecordSpace::kKeys, kRowPrefix, [this](const storage::Record& row) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(absl::StripPrefix(row.key, kRowPrefix), &number)) {
      return MakeError(Reason::kDataLoss, absl::StrCat("a row is damaged: ", row.key));
    }
    const std::string& name = row.value;
    const auto found = Await<InstanceInfo>([&](auto done) { log_.GetInstance(name, std::move(done)); });
    if (!found.ok() && !HasReason(found.status(), Reason::kInstanceNotFound)) {
      // A log that cannot be read does not keep the broker from starting: the next start looks again.
      LogRefusal("deletion_resumed", found.status());
      return absl::OkStatus();
    }
    const bool never_began = found.ok() && found->number == InstanceNumber(number);
    if (never_began) return AwaitStatus([&](auto done) { RemoveRow(InstanceNumber(number), std::move(done)); });
    Log().info("event=deletion_resumed instance={}", name);
    const auto instance = std::make_shared<DeletedInstance>(name, InstanceNumber(number));
    return AwaitStatus([&](auto done) { ForgetAll(instance, std::move(done)); });
  });
}

void InstanceDeletion::Delete(std::string key_id, std::string name, storage::StatusCallback done) {
  // Look it up first, so that a request for an unknown instance leaves no audit record.
  log_.GetInstance(std::move(name), [this, key_id = std::move(key_id),
                                     done = std::move(done)](absl::StatusOr<InstanceInfo> info) mutable {
    if (!info.ok()) return std::move(done)(info.status());
    const std::string detail =
        absl::StrCat("events=", info->bounds->event_count(), " head=", info->bounds->head.value());
    auto order = std::make_shared<Order>(Order{*std::move(info), std::move(done)});
    audit_.Record({key_id, "audit.instance_deleted", order->info.name, detail}, [this, order](absl::Status recorded) {
      if (!recorded.ok()) return std::move(order->done)(std::move(recorded));
      WriteOrder(order);
    });
  });
}

void InstanceDeletion::WriteOrder(std::shared_ptr<Order> order) {
  log_.records().Write({{RecordSpace::kKeys, RowKey(order->info.number), order->info.name}},
                       [this, order](absl::Status written) {
                         if (!written.ok()) return std::move(order->done)(std::move(written));
                         DeleteFromLog(order);
                       });
}

void InstanceDeletion::DeleteFromLog(std::shared_ptr<Order> order) {
  log_.DeleteInstance(order->info.name, order->info.number, [this, order](absl::Status deleted) {
    // Also if another call has deleted it: its keepers may have run before our row was written.
    const bool is_gone = deleted.ok() || HasReason(deleted, Reason::kInstanceNotFound);
    const bool may_be = HasReason(deleted, Reason::kAppendUncertain);
    const auto rest = is_gone || may_be ? NoteRest(order->info, is_gone) : nullptr;
    std::move(order->done)(std::move(deleted));
    if (rest != nullptr) GoOn(rest);
  });
}

std::shared_ptr<InstanceDeletion::Rest> InstanceDeletion::NoteRest(const InstanceInfo& info, bool deleted) {
  absl::MutexLock lock(&mu_);
  std::shared_ptr<Rest>& rest = rests_[info.number.value()];
  if (rest != nullptr) {
    rest->deleted |= deleted;
    return nullptr;
  }
  rest = std::make_shared<Rest>(Rest{std::make_shared<DeletedInstance>(info.name, info.number), deleted});
  return rest;
}

void InstanceDeletion::GoOn(const std::shared_ptr<Rest>& rest) {
  if (!Enter()) return;
  bool deleted = false;
  {
    absl::MutexLock lock(&mu_);
    deleted = rest->deleted;
  }
  if (deleted) {
    ForgetAll(rest->instance, [this, rest](absl::Status forgotten) {
      if (!forgotten.ok()) return Retry(rest, forgotten);
      absl::MutexLock lock(&mu_);
      rests_.erase(rest->instance->number().value());
    });
  } else {
    FindOut(rest);
  }
  Leave();
}

void InstanceDeletion::FindOut(const std::shared_ptr<Rest>& rest) {
  // The store that took the deletion may still answer from before it. A write that succeeds now was made by the
  // reopened store, whose answers are up to date.
  const InstanceNumber number = rest->instance->number();
  log_.records().Write(
      {{RecordSpace::kKeys, RowKey(number), rest->instance->name()}}, [this, rest, number](absl::Status written) {
        if (!written.ok()) return Retry(rest, written);
        log_.GetInstance(rest->instance->name(), [this, rest, number](absl::StatusOr<InstanceInfo> found) {
          if (!found.ok() && !HasReason(found.status(), Reason::kInstanceNotFound)) return Retry(rest, found.status());
          if (found.ok() && found->number == number) return EndUndeleted(rest);
          {
            absl::MutexLock lock(&mu_);
            rest->deleted = true;
          }
          GoOn(rest);
        });
      });
}

void InstanceDeletion::EndUndeleted(const std::shared_ptr<Rest>& rest) {
  {
    absl::MutexLock lock(&mu_);
    if (!rest->deleted) {
      rests_.erase(rest->instance->number().value());
      return;
    }
  }
  GoOn(rest);  // Another call has deleted it in the meantime.
}

void InstanceDeletion::Retry(const std::shared_ptr<Rest>& rest, const absl::Status& failure) {
  {
    absl::MutexLock lock(&mu_);
    if (stopped_) return;
    const bool waits = retries_ < kDeletionRetriesMax;
    LogWarning("deletion_incomplete",
               absl::StrCat("instance=", rest->instance->name(), " action=", waits ? "retry" : "retry_at_next_start"),
               failure);
    if (!waits) {
      rests_.erase(rest->instance->number().value());
      return;
    }
    ++retries_;
  }
  const SteadyTime due = SteadyNow() + rest->retry_delay;
  rest->retry_delay = std::min(2 * rest->retry_delay, kDeletionRetryDelayMax);
  timers_.Schedule(due, [this, rest] {
    {
      absl::MutexLock lock(&mu_);
      --retries_;
    }
    GoOn(rest);
  });
}

void InstanceDeletion::ForgetAll(const std::shared_ptr<Instance>& instance, storage::StatusCallback done) {
  Forget(instance, 0, [this, number = instance->number(), done = std::move(done)](absl::Status forgotten) mutable {
    if (!forgotten.ok()) return std::move(done)(std::move(forgotten));
    if (!Enter()) return std::move(done)(Stopped());
    RemoveRow(number, std::move(done));
    Leave();
  });
}

void InstanceDeletion::Forget(const std::shared_ptr<Instance>& instance, size_t keeper, storage::StatusCallback done) {
  if (keeper == keepers_.size()) return std::move(done)(absl::OkStatus());
  if (!Enter()) return std::move(done)(Stopped());
  keepers_[keeper](instance, [this, instance, keeper, done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return std::move(done)(std::move(status));
    Forget(instance, keeper + 1, std::move(done));
  });
  Leave();
}

void InstanceDeletion::RemoveRow(InstanceNumber number, storage::StatusCallback done) {
  log_.records().Write({{RecordSpace::kKeys, RowKey(number), std::nullopt, /*purge=*/true}}, std::move(done));
}

size_t InstanceDeletion::unfinished() const {
  absl::MutexLock lock(&mu_);
  return rests_.size();
}

void InstanceDeletion::Stop() {
  absl::MutexLock lock(&mu_);
  stopped_ = true;
  mu_.Await(absl::Condition(this, &InstanceDeletion::NobodyCalls));
}

bool InstanceDeletion::Enter() {
  absl::MutexLock lock(&mu_);
  if (stopped_) return false;
  ++calls_;
  return true;
}

void InstanceDeletion::Leave() {
  absl::MutexLock lock(&mu_);
  --calls_;
}

}  // namespace playhead::broker
