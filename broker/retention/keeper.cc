#include "broker/retention/keeper.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/await.h"
#include "storage/own_instances.h"

namespace playhead::broker::retention {

using storage::Await;
using storage::AwaitStatus;
using storage::Cursor;
using storage::Instance;
using storage::InstanceInfo;
using storage::LogBounds;

namespace {

constexpr size_t kPageSize = 100;
// The walk over all instances takes one part in this many of each interval.
constexpr int kWalkShare = 10;
// A damaged instance fails in every round.
constexpr std::chrono::minutes kFailureLogInterval(1);

absl::StatusOr<std::shared_ptr<Instance>> Open(storage::EventLog& log, const std::string& name) {
  return Await<std::shared_ptr<Instance>>(
      [&](auto done) { log.OpenInstance(name, storage::OpenMode::kExisting, std::move(done)); });
}

absl::StatusOr<std::vector<InstanceInfo>> List(storage::EventLog& log, const std::string& after) {
  return Await<std::vector<InstanceInfo>>([&](auto done) { log.ListInstances("", after, kPageSize, std::move(done)); });
}

// Whether the policy might trim the log, judged by its catalogue entry alone, so that most logs are not even opened.
bool MayTrim(const Policy& policy, const InstanceInfo& info, absl::Time now) {
  const uint64_t count = info.bounds->event_count();
  if (count == 0 || count <= policy.events_min()) return false;
  const absl::Duration since_made = now - absl::FromUnixMicros(info.created_at.micros());
  return policy.consumers_seconds() != 0 || (policy.events() != 0 && count > policy.events()) ||
         (policy.bytes() != 0 && info.bounds->appended_bytes > policy.bytes()) ||
         (policy.age_seconds() != 0 && since_made > absl::Seconds(static_cast<int64_t>(policy.age_seconds())));
}

bool IsGone(const absl::Status& status) {
  return HasReason(status, Reason::kInstanceDeleted) || HasReason(status, Reason::kInstanceNotFound);
}

// Errors that may pass by themselves, or are no fault.
bool IsExpected(const absl::Status& status) { return IsGone(status) || HasReason(status, Reason::kStoreUnavailable); }

}  // namespace

Keeper::Keeper(storage::EventLog& log, PolicyStore& policies, Metrics& metrics, absl::Duration interval,
               SettledByAll settled_by_all)
    : log_(log),
      policies_(policies),
      metrics_(metrics),
      interval_(interval),
      settled_by_all_(std::move(settled_by_all)) {
  AgeNow();  // From now on, leaps of the clock are detected.
  policies_.SetOnChange([this] { Wake(); });
  policies_.ClearLeftOver();
  thread_ = std::thread([this] { Run(); });
}

void Keeper::Stop() {
  std::deque<PlanTask> plans;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    wanted_.Signal();
  }
  if (thread_.joinable()) thread_.join();
  {
    absl::MutexLock lock(&mu_);
    plans.swap(plans_);
  }
  for (PlanTask& plan : plans) std::move(plan.done)(MakeError(Reason::kShuttingDown, "the broker is shutting down"));
}

void Keeper::Wake() {
  absl::MutexLock lock(&mu_);
  woken_ = true;
  wanted_.Signal();
}

void Keeper::Plan(std::string name, Policy policy, storage::Callback<Effect> done) {
  absl::ReleasableMutexLock lock(&mu_);
  const bool is_full = plans_.size() >= kPlansWaitingMax;
  if (!is_full && !stopping_) {
    plans_.push_back({std::move(name), std::move(policy), std::move(done)});
    wanted_.Signal();
    return;
  }
  lock.Release();
  std::move(done)(is_full ? MakeError(Reason::kAppendQueueFull, "too many retention plans wait: try again shortly")
                          : MakeError(Reason::kShuttingDown, "the broker is shutting down"));
}

absl::Time Keeper::AgeNow() {
  const bool doubted = age_clock_.doubts();
  const absl::Time now = age_clock_.Now(absl::Now(), absl::FromChrono(SteadyClock::now().time_since_epoch()));
  if (age_clock_.doubts() && !doubted) {
    Log().warn("event=clock_leapt: for an hour events are not taken to be older than they were before");
  }
  return now;
}

bool Keeper::stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Keeper::Run() {
  const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || woken_ || !plans_.empty(); };
  SteadyTime next_own;
  for (;;) {
    std::optional<PlanTask> plan;
    {
      absl::MutexLock lock(&mu_);
      wanted_.AwaitWithTimeout(&mu_, wanted, interval_);
      if (stopping_) return;
      if (std::exchange(woken_, false)) next_own = next_walk_ = SteadyTime();
      if (!plans_.empty()) {
        plan = std::move(plans_.front());
        plans_.pop_front();
      }
    }
    if (plan) RunPlan(*std::move(plan));
    AgeNow();  // Called often, so that a leap of the clock is detected as one.
    if (SteadyClock::now() >= next_own) {
      KeepOwn();
      next_own = SteadyClock::now() + absl::ToChronoNanoseconds(interval_);
    }
    KeepSome(interval_ / kWalkShare);
  }
}

void Keeper::RunPlan(PlanTask plan) {
  std::move(plan.done)(plan.name == kAllInstances ? PlanAll(plan.policy) : PlanOne(plan.name, plan.policy));
}

void Keeper::KeepOwn() {
  for (const std::string& name : policies_.Names()) {
    if (stopping()) return;
    const auto info = Await<InstanceInfo>([&](auto done) { log_.GetInstance(name, std::move(done)); });
    if (!info.ok()) continue;
    if (const auto policy = policies_.Own(name, info->number)) Keep(*info, *policy);
  }
}

void Keeper::KeepSome(absl::Duration budget) {
  const SteadyTime begin = SteadyClock::now();
  const SteadyTime end = begin + absl::ToChronoNanoseconds(budget);
  if (begin < next_walk_) return;
  const auto of_all = policies_.OfAll();
  if (!of_all || !Trims(*of_all)) return;
  if (walk_after_.empty()) walk_began_ = begin;
  while (SteadyClock::now() < end && !stopping()) {
    const auto page = List(log_, walk_after_);
    if (!page.ok()) {  // Continues from there next time.
      if (!IsExpected(page.status())) LogRefusal("retention", page.status());
      return;
    }
    for (const InstanceInfo& info : *page) {
      if (storage::IsOwnInstance(info.name) || policies_.Own(info.name, info.number)) continue;
      Keep(info, *of_all);
    }
    walk_after_ = page->empty() ? "" : page->back().name;
    if (!page->empty()) continue;
    next_walk_ = std::max(walk_began_ + absl::ToChronoNanoseconds(interval_), begin);
    return;
  }
}

void Keeper::NoteFailure(const std::string& instance, const absl::Status& status) {
  if (status.ok() || IsExpected(status)) return;
  const SteadyTime now = SteadyClock::now();
  if (now < next_failure_log_) {
    ++failures_left_out_;
    return;
  }
  next_failure_log_ = now + kFailureLogInterval;
  LogWarning("retention_failed",
             absl::StrCat("instance=", instance, " left_out=", std::exchange(failures_left_out_, 0)), status);
}

void Keeper::Keep(const InstanceInfo& info, const Policy& policy) {
  if (!info.bounds.ok()) return NoteFailure(info.name, info.bounds.status());
  if (!MayTrim(policy, info, AgeNow())) return;
  auto opened = Open(log_, info.name);
  if (!opened.ok()) return;
  const std::shared_ptr<Instance>& instance = *opened;
  if (instance->number() != info.number) return;
  const uint64_t gone = instance->bounds().BeforeFirst().sequence();
  const auto last = LastToGoOf(instance, policy);
  absl::Status status = last.status();
  if (last.ok() && *last > gone) {
    status = AwaitStatus(
        [&](auto done) { log_.Trim(instance, Cursor(instance->head().epoch(), *last + 1), std::move(done)); });
    if (status.ok()) metrics_.retention_events.Increment(static_cast<double>(*last - gone));
  }
  NoteFailure(info.name, status);
}

absl::StatusOr<uint64_t> Keeper::LastToGoOf(const std::shared_ptr<Instance>& instance, const Policy& policy) {
  const auto older = [&](absl::Duration age) -> absl::StatusOr<uint64_t> {
    const storage::Timestamp time(absl::ToUnixMicros(AgeNow() - age));
    const auto found = Await<Cursor>([&](auto done) { log_.FindTime(instance, time, std::move(done)); });
    if (!found.ok()) return found.status();
    return found->sequence();
  };
  const auto beyond = [&](uint64_t bytes) -> absl::StatusOr<uint64_t> {
    const auto found = Await<Cursor>([&](auto done) { log_.FindBytes(instance, bytes, std::move(done)); });
    if (!found.ok()) return found.status();
    return found->sequence() - 1;
  };
  const auto settled = [&]() -> absl::StatusOr<std::optional<uint64_t>> {
    const auto found = Await<std::optional<Cursor>>([&](auto done) { settled_by_all_(instance, std::move(done)); });
    if (!found.ok()) return found.status();
    if (!found->has_value()) return std::nullopt;
    return (*found)->sequence();
  };
  return LastToGo(policy, instance->bounds(), {older, beyond, settled});
}

absl::StatusOr<Effect> Keeper::PlanOne(const std::string& name, const Policy& policy) {
  const auto instance = Open(log_, name);
  if (!instance.ok()) return instance.status();
  const LogBounds bounds = (*instance)->bounds();
  const auto last = LastToGoOf(*instance, policy);
  if (!last.ok()) return last.status();
  Effect effect;
  effect.first_kept = bounds.first;
  const uint64_t gone = bounds.BeforeFirst().sequence();
  if (*last <= gone) return effect;
  const auto bytes_behind = [&](Cursor after) {
    return Await<uint64_t>([&](auto done) { log_.BytesBehind(*instance, after, std::move(done)); });
  };
  const Cursor last_to_go = bounds.epochs.AtSequence(*last, bounds.head);
  const auto before = bytes_behind(Cursor());
  if (!before.ok()) return before.status();
  const auto after = bytes_behind(last_to_go);
  if (!after.ok()) return after.status();
  effect.instances = 1;
  effect.events = *last - gone;
  effect.bytes = *before - std::min(*before, *after);
  effect.first_kept =
      *last >= bounds.head.sequence() ? bounds.head + 1 : bounds.epochs.AtSequence(*last + 1, bounds.head);
  return effect;
}

absl::StatusOr<Effect> Keeper::PlanAll(const Policy& policy) {
  Effect all;
  uint64_t looked_at = 0;
  for (std::string after;;) {
    const auto page = List(log_, after);
    if (!page.ok()) return page.status();
    if (page->empty()) return all;
    for (const InstanceInfo& info : *page) {
      if (stopping()) return MakeError(Reason::kShuttingDown, "the broker is shutting down");
      if (storage::IsOwnInstance(info.name) || policies_.Own(info.name, info.number)) continue;
      if (looked_at++ == kPlannedInstancesMax) {
        all.incomplete = true;
        return all;
      }
      const auto one = PlanOne(info.name, policy);
      if (!one.ok()) {  // What would be removed from it is unknown.
        all.incomplete |= !IsGone(one.status());
        continue;
      }
      all.instances += one->instances;
      all.events += one->events;
      all.bytes += one->bytes;
    }
    after = page->back().name;
  }
}

}  // namespace playhead::broker::retention
