#include "broker/quota/limit_settings.h"

#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

constexpr absl::string_view kRowPrefix = "limit/";
constexpr absl::string_view kDefaultKey = "default";
constexpr absl::string_view kInstanceKeys = "instance/";
constexpr uint64_t kValueMax = uint64_t{1} << 53;

// The part of the key after kRowPrefix.
std::string KeyOf(absl::string_view instance) {
  return instance.empty() ? std::string(kDefaultKey) : absl::StrCat(kInstanceKeys, instance);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LimitSettings>> LimitSettings::Load(storage::RecordStore& records) {
  auto stored = Stored::Load(records, std::string(kRowPrefix), std::string(kDefaultKey));
  if (!stored.ok()) return stored.status();
  for (const auto& [key, limits] : (*stored)->List("", std::numeric_limits<size_t>::max())) {
    if (key == kDefaultKey || absl::StartsWith(key, kInstanceKeys)) continue;
    return MakeError(Reason::kDataLoss, absl::StrCat("the record ", kRowPrefix, key, " is damaged"));
  }
  return std::unique_ptr<LimitSettings>(new LimitSettings(*std::move(stored)));
}

LimitSettings::LimitSettings(std::unique_ptr<Stored> stored) : stored_(std::move(stored)) {
  stored_->SetOnChange([this] { OnChange(); });
  OnChange();
}

void LimitSettings::OnChange() {
  absl::MutexLock lock(&publishing_mu_);
  none_.store(stored_->List("", 1).empty(), std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

EffectiveLimits LimitSettings::Of(absl::string_view instance) const {
  EffectiveLimits out;
  for (const absl::string_view name : {absl::string_view(), instance}) {
    const auto set = stored_->Find(KeyOf(name));
    if (set == nullptr) continue;
    if (set->has_append_events_per_second()) out.append_events_per_second = set->append_events_per_second();
    if (set->has_append_bytes_per_second()) out.append_bytes_per_second = set->append_bytes_per_second();
    if (set->has_stored_bytes_max()) out.stored_bytes_max = set->stored_bytes_max();
  }
  return out;
}

std::optional<v1::InstanceLimits> LimitSettings::Own(absl::string_view instance) const {
  const auto set = stored_->Find(KeyOf(instance));
  if (set == nullptr) return std::nullopt;
  return *set;
}

std::vector<std::pair<std::string, v1::InstanceLimits>> LimitSettings::List(absl::string_view after,
                                                                            size_t limit) const {
  std::vector<std::pair<std::string, v1::InstanceLimits>> out;
  for (const auto& [key, limits] : stored_->List(absl::StrCat(kInstanceKeys, after), limit)) {
    out.emplace_back(absl::StripPrefix(key, kInstanceKeys), *limits);
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
  if (stored_->changes_on_their_way() >= kLimitChangesMax) {
    return MakeError(Reason::kAppendQueueFull, "too many changes of limits are on their way: try again shortly");
  }
  if (!stored_->HasRoomFor(KeyOf(instance))) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat(kInstanceSettingsMax,
                                                         " instances have limits of their own: clear some, or set "
                                                         "the default"));
  }
  return absl::OkStatus();
}

void LimitSettings::Set(const std::string& instance, const v1::InstanceLimits& limits, storage::StatusCallback done) {
  stored_->Set(KeyOf(instance), limits, std::move(done));
}

void LimitSettings::Clear(const std::string& instance, storage::StatusCallback done) {
  stored_->Clear(KeyOf(instance), std::move(done));
}

}  // namespace playhead::broker
