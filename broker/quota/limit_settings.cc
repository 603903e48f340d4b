#include "broker/quota/limit_settings.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/stored_records.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Record;
using storage::RecordSpace;

namespace {

constexpr absl::string_view kRowPrefix = "limit/";
constexpr absl::string_view kDefaultRow = "limit/default";
constexpr absl::string_view kInstanceRowPrefix = "limit/instance/";
constexpr uint64_t kValueMax = uint64_t{1} << 53;

std::string RowKey(absl::string_view instance) {
  return instance.empty() ? std::string(kDefaultRow) : absl::StrCat(kInstanceRowPrefix, instance);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LimitSettings>> LimitSettings::Load(storage::RecordStore& records) {
  std::unique_ptr<LimitSettings> settings(new LimitSettings(records));
  const absl::Status loaded = ForEachRecord(records, RecordSpace::kKeys, kRowPrefix, [&settings](const Record& row) {
    absl::string_view instance = row.key;
    v1::InstanceLimits limits;
    const bool known = row.key == kDefaultRow || absl::ConsumePrefix(&instance, kInstanceRowPrefix);
    if (!known || !limits.ParseFromString(row.value)) {
      return absl::DataLossError(absl::StrCat("the stored row ", row.key, " is damaged"));
    }
    if (row.key == kDefaultRow) instance = "";
    absl::MutexLock lock(&settings->mu_);
    settings->rows_[std::string(instance)].limits = limits;
    settings->none_.store(false, std::memory_order_release);
    return absl::OkStatus();
  });
  if (!loaded.ok()) return loaded;
  return settings;
}

EffectiveLimits LimitSettings::Of(absl::string_view instance) const {
  EffectiveLimits out;
  absl::ReaderMutexLock lock(&mu_);
  for (const absl::string_view name : {absl::string_view(), instance}) {
    const auto row = rows_.find(name);
    if (row == rows_.end() || !row->second.limits.has_value()) continue;
    const v1::InstanceLimits& set = *row->second.limits;
    if (set.has_append_events_per_second()) out.append_events_per_second = set.append_events_per_second();
    if (set.has_append_bytes_per_second()) out.append_bytes_per_second = set.append_bytes_per_second();
    if (set.has_stored_bytes_max()) out.stored_bytes_max = set.stored_bytes_max();
  }
  return out;
}

std::optional<v1::InstanceLimits> LimitSettings::Own(absl::string_view instance) const {
  absl::ReaderMutexLock lock(&mu_);
  const auto row = rows_.find(instance);
  return row == rows_.end() ? std::nullopt : row->second.limits;
}

std::vector<std::pair<std::string, v1::InstanceLimits>> LimitSettings::List(absl::string_view after,
                                                                            size_t limit) const {
  std::vector<std::pair<std::string, v1::InstanceLimits>> out;
  absl::ReaderMutexLock lock(&mu_);
  for (auto row = rows_.upper_bound(after); row != rows_.end() && out.size() < limit; ++row) {
    if (row->second.limits.has_value()) out.emplace_back(row->first, *row->second.limits);
  }
  return out;
}

absl::Status LimitSettings::CheckSet(absl::string_view instance, const v1::InstanceLimits& limits) const {
  if (!limits.has_append_events_per_second() && !limits.has_append_bytes_per_second() &&
      !limits.has_stored_bytes_max()) {
    return MakeError(Reason::kLimitInvalid, "no limit is set: give at least one; ClearLimits takes them away");
  }
  for (const uint64_t value :
       {limits.append_events_per_second(), limits.append_bytes_per_second(), limits.stored_bytes_max()}) {
    if (value > kValueMax) return MakeError(Reason::kLimitInvalid, absl::StrCat("a limit is up to ", kValueMax));
  }
  absl::ReaderMutexLock lock(&mu_);
  if (on_their_way_ >= kLimitChangesMax) {
    return MakeError(Reason::kAppendQueueFull, "too many changes of limits are on their way: try again shortly");
  }
  // The default is not counted, and a few that are on their way do not matter.
  if (!instance.empty() && !rows_.contains(instance) && rows_.size() > kLimitedInstancesMax) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat(kLimitedInstancesMax,
                                                         " instances have limits of their own: clear some, or set "
                                                         "the default"));
  }
  return absl::OkStatus();
}

void LimitSettings::Set(const std::string& instance, const v1::InstanceLimits& limits, storage::StatusCallback done) {
  Write(instance, limits, std::move(done));
}

void LimitSettings::Clear(const std::string& instance, storage::StatusCallback done) {
  Write(instance, std::nullopt, std::move(done));
}

void LimitSettings::Write(const std::string& instance, std::optional<v1::InstanceLimits> limits,
                          storage::StatusCallback done) {
  std::optional<std::string> value;
  if (limits.has_value()) value = limits->SerializeAsString();
  // Under the lock, so that changes are numbered in the order in which the store makes them.
  absl::MutexLock lock(&mu_);
  const uint64_t change = ++changes_;
  ++on_their_way_;
  records_.Write(
      {{RecordSpace::kKeys, RowKey(instance), std::move(value)}},
      [this, instance, limits = std::move(limits), change, done = std::move(done)](absl::Status status) mutable {
        OnWritten(instance, std::move(limits), change, status.ok());
        std::move(done)(std::move(status));
      });
}

void LimitSettings::OnWritten(const std::string& instance, std::optional<v1::InstanceLimits> limits, uint64_t change,
                              bool stored) {
  absl::MutexLock lock(&mu_);
  --on_their_way_;
  if (stored) {
    Row& row = rows_[instance];
    if (row.change < change) row = {std::move(limits), change};
  }
  if (on_their_way_ == 0) {
    for (auto row = rows_.begin(); row != rows_.end();)
      row = row->second.limits.has_value() ? std::next(row) : rows_.erase(row);
  }
  none_.store(rows_.empty(), std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace playhead::broker
