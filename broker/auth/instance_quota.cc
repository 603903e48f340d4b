#include "broker/auth/instance_quota.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Instance;
using storage::InstanceInfo;

namespace {

constexpr size_t kKnownMax = 4096;
constexpr size_t kRowsPerRead = 1000;
// How long a count is used: one that leaves room, and one that does not.
constexpr absl::Duration kRoomAge = absl::Seconds(10);
constexpr absl::Duration kFullAge = absl::Seconds(1);
// A name that was admitted longer ago and is not in the catalogue was never created, or was deleted.
constexpr absl::Duration kLetInAge = absl::Seconds(5);

}  // namespace

struct InstanceQuota::Count {
  size_t range = 0;        // The range whose instances are being counted ...
  std::string after_name;  // ... after this name.
  uint64_t total = 0;
  absl::flat_hash_map<std::string, absl::Time> not_yet_seen;  // Of the names that were admitted when the count began.
};

void InstanceQuota::Admit(storage::EventLog& log, const std::string& instance, storage::StatusCallback done) {
  bool passes = instances_max_ == 0;
  if (!passes) {
    absl::MutexLock lock(&mu_);
    passes = IsKnown(instance) || let_in_.contains(instance);
  }
  if (passes) return std::move(done)(absl::OkStatus());
  log.OpenInstance(instance, storage::OpenMode::kExisting,
                   [self = shared_from_this(), &log, instance,
                    done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> opened) mutable {
                     if (HasReason(opened.status(), Reason::kInstanceNotFound)) {
                       return self->AdmitNew(log, std::move(instance), std::move(done));
                     }
                     if (opened.ok()) {
                       absl::MutexLock lock(&self->mu_);
                       if (self->known_.size() >= kKnownMax) self->known_.clear();
                       self->known_[std::move(instance)] = *opened;
                     }
                     std::move(done)(opened.status());
                   });
}

bool InstanceQuota::IsKnown(const std::string& instance) const {
  const auto found = known_.find(instance);
  if (found == known_.end()) return false;
  const std::shared_ptr<Instance> known = found->second.lock();
  return known != nullptr && !known->deleted();
}

void InstanceQuota::AdmitNew(storage::EventLog& log, std::string instance, storage::StatusCallback done) {
  auto count = std::make_shared<Count>();
  {
    absl::ReleasableMutexLock lock(&mu_);
    const bool has_room = HasRoom();
    if (!counting_ && clock_() - counted_at_ < (has_room ? kRoomAge : kFullAge)) {
      if (has_room) let_in_.emplace(std::move(instance), clock_());
      lock.Release();
      return std::move(done)(has_room ? absl::OkStatus() : Exceeded());
    }
    waiters_.push_back({std::move(instance), std::move(done)});
    if (std::exchange(counting_, true)) return;
    count->not_yet_seen = let_in_;
  }
  CountOn(log, std::move(count));
}

void InstanceQuota::CountOn(storage::EventLog& log, std::shared_ptr<Count> count) {
  const std::vector<InstancePatterns::Range>& ranges = covered_.ranges();
  if (count->range == ranges.size() || count->total >= instances_max_) return OnCounted(absl::OkStatus(), *count);
  const InstancePatterns::Range& range = ranges[count->range];
  // An exact name sorts before all longer names that begin with it.
  const size_t limit = range.is_prefix ? kRowsPerRead : 1;
  const std::string after_name = count->after_name;
  log.ListInstances(
      range.text, after_name, limit,
      [self = shared_from_this(), &log, &range, limit, count](absl::StatusOr<std::vector<InstanceInfo>> rows) mutable {
        if (!rows.ok()) return self->OnCounted(rows.status(), *count);
        for (const InstanceInfo& row : *rows) {
          if (!range.Has(row.name)) continue;
          ++count->total;
          count->not_yet_seen.erase(row.name);
        }
        if (range.is_prefix && rows->size() == limit) {
          count->after_name = rows->back().name;
        } else {
          ++count->range;
          count->after_name.clear();
        }
        self->CountOn(log, std::move(count));
      });
}

void InstanceQuota::OnCounted(const absl::Status& status, const Count& count) {
  std::vector<std::pair<absl::Status, storage::StatusCallback>> answers;
  {
    absl::MutexLock lock(&mu_);
    counting_ = false;
    if (status.ok()) {
      counted_ = count.total;
      counted_at_ = clock_();
      let_in_ = count.not_yet_seen;  // None was admitted during the count.
      absl::erase_if(let_in_, [oldest = counted_at_ - kLetInAge](const auto& entry) { return entry.second < oldest; });
    }
    for (Waiter& waiter : std::exchange(waiters_, {})) {
      absl::Status answer = status;
      if (status.ok() && !let_in_.contains(waiter.instance)) {
        if (HasRoom()) {
          let_in_.emplace(std::move(waiter.instance), clock_());
        } else {
          answer = Exceeded();
        }
      }
      answers.emplace_back(std::move(answer), std::move(waiter.done));
    }
  }
  for (auto& [answer, done] : answers) std::move(done)(std::move(answer));
}

absl::Status InstanceQuota::Exceeded() const {
  return MakeQuotaError(
      "key.instances",
      absl::StrCat("the key may have ", instances_max_,
                   " instances, and so many of those it covers exist: delete one, or use one of them"),
      kFullAge);
}

}  // namespace playhead::broker
