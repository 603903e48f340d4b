#include "tests/simulation/workload.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/simulation/event_name.h"
#include "tests/simulation/store_reads.h"
#include "tests/support/await.h"
#include "tests/support/delete_instance.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;

constexpr uint64_t kSessions = 3;
constexpr uint64_t kRecords = 5;

}  // namespace

void Workload::Connect(EventLog& log) {
  log_ = &log;
  sessions_.clear();
  for (uint64_t i = 0; i < kSessions; ++i) sessions_.emplace_back(++last_session_, log.NewAppendSession());
}

void Workload::Disconnect() {
  sessions_.clear();
  log_ = nullptr;
}

void Workload::CheckAllWasAnswered() {
  absl::MutexLock lock(&mu_);
  if (in_flight_ > 0) oracle_.Violation("a call was not answered by the end of the log");
  appended_.clear();
}

// In their order, and none before the one before it is known to be stored: so each session keeps its order.
void Workload::RetryInDoubt() {
  for (;;) {
    InDoubt append;
    {
      absl::MutexLock lock(&mu_);
      if (failure_.happened() || in_doubt_.empty()) return;
      append = in_doubt_.front();
    }
    const auto result = Await<AppendResult>([&](auto done) {
      log_->NewAppendSession()->Append(MakeBatch(append.instance, append.events), std::move(done));
    });
    if (!failure_.Check(result.status(), "append again")) return;
    oracle_.OnAppended(append.instance, append.events, *result);
    absl::MutexLock lock(&mu_);
    in_doubt_.pop_front();
  }
}

void Workload::FinishDeletions() {
  while (!deleting_.empty() && !failure_.happened()) {
    const std::string instance = deleting_.back();
    const absl::Status status = playhead::testing::DeleteInstance(*log_, instance);
    if (!HasReason(status, Reason::kInstanceNotFound) && !failure_.Check(status, "delete")) return;
    oracle_.OnDeleted(instance);
    ++lives_[instance];
    numbers_.erase(instance);
    deleting_.pop_back();
  }
}

Workload::InDoubt Workload::MakeAppend(uint64_t session) {
  InDoubt append{SimulatedInstances()[random_.Below(SimulatedInstances().size())], {}};
  for (uint64_t n = 1 + random_.Skewed(15); n > 0; --n) {
    TestEvent& event = append.events.emplace_back();
    const EventName name = {append.instance, lives_[append.instance], session, ++numbers_[append.instance][session]};
    event.data = WriteName(name) + std::string(random_.Skewed(random_.OneIn(20) ? 20'000 : 500), 'x');
    event.id = WriteName(name);
    if (random_.OneIn(4)) event.attributes.emplace_back("k", absl::StrCat(random_.Below(10)));
  }
  return append;
}

void Workload::Append() {
  AwaitInFlight(kInFlightMax);
  if (failure_.happened()) return;
  const auto& [session, appends] = sessions_[random_.Below(kSessions)];
  const InDoubt append = MakeAppend(session);
  oracle_.OnSubmitted(append.instance, append.events);
  {
    absl::MutexLock lock(&mu_);
    ++in_flight_;
    in_doubt_.push_back(append);
  }
  appends->Append(MakeBatch(append.instance, append.events),
                  [this, append](absl::StatusOr<AppendResult> result) { OnAnswered(append, result); });
}

void Workload::OnAnswered(const InDoubt& append, const absl::StatusOr<AppendResult>& result) {
  const bool stored = failure_.Check(result.status(), "append");
  if (stored) oracle_.OnAppended(append.instance, append.events, *result);
  absl::MutexLock lock(&mu_);
  --in_flight_;
  if (!stored) return;
  appended_.emplace_back(append.instance, result->head);
  const auto mine = std::find_if(in_doubt_.begin(), in_doubt_.end(), [&](const InDoubt& other) {
    return other.events.front().data == append.events.front().data;
  });
  in_doubt_.erase(mine);
}

void Workload::Trim(const std::string& instance) {
  const auto opened = Await<std::shared_ptr<Instance>>(
      [&](auto done) { log_->OpenInstance(instance, OpenMode::kExisting, std::move(done)); });
  if (HasReason(opened.status(), Reason::kInstanceNotFound) || !failure_.Check(opened.status(), "open")) return;
  const LogBounds bounds = (*opened)->bounds();
  if (bounds.event_count() == 0) return;
  const Cursor first_kept = bounds.first + random_.Skewed(bounds.event_count());
  oracle_.OnTrimming(instance, first_kept);
  const absl::Status status = AwaitStatus([&](auto done) { log_->Trim(*opened, first_kept, std::move(done)); });
  if (failure_.Check(status, "trim")) oracle_.OnTrimmed(instance, first_kept);
}

void Workload::Erase(const std::string& instance) {
  Cursor cursor;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, at] : appended_) {
      if (name == instance && random_.OneIn(3)) cursor = at;
    }
  }
  if (cursor == Cursor()) return;
  oracle_.OnErasing(instance, cursor);
  const auto started = Await<ErasureInfo>(
      [&](auto done) { log_->erasures().Start({.instances = {instance}, .cursors = {cursor}}, std::move(done)); });
  // As many as may run are running, or the instance is gone.
  if (HasReason(started.status(), Reason::kErasuresLimit) || HasReason(started.status(), Reason::kInstanceNotFound)) {
    return;
  }
  if (failure_.Check(started.status(), "erase")) oracle_.OnErased(instance, cursor);
}

void Workload::Delete(const std::string& instance) {
  AwaitInFlight(0);
  if (failure_.happened()) return;
  {
    absl::MutexLock lock(&mu_);
    appended_.erase(
        std::remove_if(appended_.begin(), appended_.end(), [&](const auto& at) { return at.first == instance; }),
        appended_.end());
  }
  oracle_.OnDeleting(instance);
  deleting_.push_back(instance);
  FinishDeletions();
}

void Workload::WriteRecord() {
  const std::string key = absl::StrCat(kSimulatedRecords, random_.Below(kRecords));
  const uint64_t value = ++records_[key];
  oracle_.OnRecordWriting(key, value);
  {
    absl::MutexLock lock(&mu_);
    ++in_flight_;
  }
  log_->records().Write({{RecordSpace::kConsumers, key, absl::StrCat(value)}}, [this, key, value](absl::Status status) {
    if (failure_.Check(status, "write a record")) oracle_.OnRecordWritten(key, value);
    absl::MutexLock lock(&mu_);
    --in_flight_;
  });
}

void Workload::AwaitInFlight(size_t at_most) {
  absl::MutexLock lock(&mu_);
  const auto few = [this, at_most]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_flight_ <= at_most; };
  if (!mu_.AwaitWithTimeout(absl::Condition(&few), absl::Minutes(10))) oracle_.Violation("a call is not answered");
}

}  // namespace playhead::storage
