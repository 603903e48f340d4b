#include "broker/quota/instance_limits.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/own_instances.h"

namespace playhead::broker {

using storage::Cursor;
using storage::Instance;
using storage::InstanceNumber;
using storage::LogBounds;

namespace {

// Retention makes room from time to time; retrying more often is of no use.
constexpr absl::Duration kStoredRetry = absl::Seconds(30);

std::string In(absl::Duration wait) { return absl::FormatDuration(absl::Ceil(wait, absl::Milliseconds(1))); }

}  // namespace

// The use of an instance. One whose buckets are full need not be kept.
struct InstanceLimits::Use {
  Use(uint64_t version_in, const EffectiveLimits& limits_in)
      : version(version_in),
        limits(limits_in),
        events(limits.append_events_per_second, limits.append_events_per_second),
        bytes(limits.append_bytes_per_second, limits.append_bytes_per_second) {}

  const uint64_t version;  // Of the settings that `limits` is from.
  const EffectiveLimits limits;
  TokenBucket events;
  TokenBucket bytes;
  // Only with a limit on stored bytes, once they were looked up: the bytes that had been trimmed from the instance when
  // `first` was its first event. `instance` does not keep it in memory.
  std::weak_ptr<Instance> instance;
  InstanceNumber number;
  std::optional<Cursor> first;
  uint64_t trimmed_bytes = 0;
};

InstanceLimits::InstanceLimits(storage::EventLog& log, const LimitSettings& settings, Clock clock)
    : log_(log), settings_(settings), clock_(std::move(clock)) {}

InstanceLimits::~InstanceLimits() = default;

InstanceLimits::Shard& InstanceLimits::ShardOf(absl::string_view instance) {
  return shards_[absl::Hash<absl::string_view>()(instance) % shards_.size()];
}

InstanceLimits::Use& InstanceLimits::UseOf(Shard& shard, const std::string& instance) {
  const uint64_t version = settings_.version();
  const auto found = shard.uses.find(instance);
  if (found != shard.uses.end() && found->second->version == version) return *found->second;
  if (found == shard.uses.end()) MakeRoom(shard, clock_());
  std::unique_ptr<Use>& use = shard.uses[instance];
  use = std::make_unique<Use>(version, settings_.Of(instance));
  return *use;
}

void InstanceLimits::MakeRoom(Shard& shard, absl::Time now) {
  if (shard.uses.size() < shard.sweep_at) return;
  const size_t uses_max = kLimitedInUseMax / shards_.size();
  absl::erase_if(shard.uses, [now](auto& entry) {
    Use& use = *entry.second;
    // Looking up again how much an instance stores would read the disk.
    return !use.first && use.events.IsFull(now) && use.bytes.IsFull(now);
  });
  // If too many are left, drop enough that the next sweep is not needed soon.
  while (shard.uses.size() > uses_max - uses_max / 8) shard.uses.erase(shard.uses.begin());
  shard.sweep_at = std::clamp<size_t>(2 * shard.uses.size(), 64, uses_max);
}

bool InstanceLimits::IsPaced(const std::string& instance) const {
  return !none() && !storage::IsOwnInstance(instance) && settings_.Of(instance).paced();
}

absl::Status InstanceLimits::Charge(const std::string& instance, size_t events, size_t bytes) {
  if (!IsPaced(instance)) return absl::OkStatus();
  Shard& shard = ShardOf(instance);
  absl::MutexLock lock(&shard.mu);
  Use& use = UseOf(shard, instance);
  const absl::Time now = clock_();
  if (const absl::Duration wait = use.events.Wait(now); wait > absl::ZeroDuration()) {
    return MakeQuotaError("instance.append_events_per_second",
                          absl::StrCat("instance ", instance, " takes ", use.limits.append_events_per_second,
                                       " events a second: try again in ", In(wait)),
                          wait);
  }
  if (const absl::Duration wait = use.bytes.Wait(now); wait > absl::ZeroDuration()) {
    return MakeQuotaError("instance.append_bytes_per_second",
                          absl::StrCat("instance ", instance, " takes ", use.limits.append_bytes_per_second,
                                       " bytes a second: try again in ", In(wait)),
                          wait);
  }
  use.events.Draw(events);
  use.bytes.Draw(bytes);
  return absl::OkStatus();
}

absl::Duration InstanceLimits::ChargeStream(const std::string& instance, size_t events, size_t bytes) {
  if (!IsPaced(instance)) return absl::ZeroDuration();
  Shard& shard = ShardOf(instance);
  absl::MutexLock lock(&shard.mu);
  Use& use = UseOf(shard, instance);
  const absl::Time now = clock_();
  use.events.Wait(now);  // Refills the buckets up to now.
  use.bytes.Wait(now);
  use.events.Draw(events);
  use.bytes.Draw(bytes);
  return std::max(use.events.Wait(now), use.bytes.Wait(now));
}

void InstanceLimits::CheckRoom(const std::string& instance, size_t bytes, storage::StatusCallback done) {
  if (none() || storage::IsOwnInstance(instance)) return std::move(done)(absl::OkStatus());
  const uint64_t stored_bytes_max = settings_.Of(instance).stored_bytes_max;
  if (stored_bytes_max == 0) return std::move(done)(absl::OkStatus());
  const auto judge = [instance, stored_bytes_max, bytes](uint64_t stored) {
    if (stored + bytes <= stored_bytes_max) return absl::OkStatus();
    return MakeQuotaError("instance.stored_bytes",
                          absl::StrCat("instance ", instance, " stores ", stored, " bytes and may store ",
                                       stored_bytes_max, ": it takes more once retention or a trim has made room"),
                          kStoredRetry);
  };
  if (const std::optional<uint64_t> known = KnownStored(instance)) return std::move(done)(judge(*known));
  StoredBytes(instance, [judge, done = std::move(done)](absl::StatusOr<uint64_t> stored) mutable {
    // An instance that cannot be read now is no reason to refuse events.
    std::move(done)(stored.ok() ? judge(*stored) : absl::OkStatus());
  });
}

std::optional<uint64_t> InstanceLimits::KnownStored(const Use& use, const Instance& opened) {
  const LogBounds bounds = opened.bounds();
  if (use.number != opened.number() || use.first != bounds.first) return std::nullopt;
  return bounds.appended_bytes - std::min(bounds.appended_bytes, use.trimmed_bytes);
}

std::optional<uint64_t> InstanceLimits::KnownStored(const std::string& instance) {
  Shard& shard = ShardOf(instance);
  absl::MutexLock lock(&shard.mu);
  const Use& use = UseOf(shard, instance);
  const std::shared_ptr<Instance> opened = use.instance.lock();
  if (opened == nullptr || opened->deleted()) return std::nullopt;
  return KnownStored(use, *opened);
}

void InstanceLimits::StoredBytes(const std::string& instance, storage::Callback<uint64_t> done) {
  log_.OpenInstance(instance, storage::OpenMode::kExisting,
                    [this, instance, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> opened) mutable {
                      if (absl::IsNotFound(opened.status())) return std::move(done)(0);
                      if (!opened.ok()) return std::move(done)(opened.status());
                      LookUpStored(instance, *std::move(opened), std::move(done));
                    });
}

std::optional<uint64_t> InstanceLimits::RememberOpened(const std::string& instance,
                                                       const std::shared_ptr<Instance>& opened) {
  if (settings_.Of(instance).stored_bytes_max == 0) return std::nullopt;
  Shard& shard = ShardOf(instance);
  absl::MutexLock lock(&shard.mu);
  Use& use = UseOf(shard, instance);
  const std::optional<uint64_t> known = KnownStored(use, *opened);
  if (known) use.instance = opened;
  return known;
}

void InstanceLimits::LookUpStored(const std::string& instance, std::shared_ptr<Instance> opened,
                                  storage::Callback<uint64_t> done) {
  if (const std::optional<uint64_t> known = RememberOpened(instance, opened)) return std::move(done)(*known);
  // The bounds from before the lookup: bytes appended in the meantime are counted twice until the next trim.
  const LogBounds before = opened->bounds();
  log_.KeptBytes(opened,
                 [this, instance, opened, before, done = std::move(done)](absl::StatusOr<uint64_t> kept) mutable {
                   if (kept.ok() && settings_.Of(instance).stored_bytes_max != 0) {
                     Shard& shard = ShardOf(instance);
                     absl::MutexLock lock(&shard.mu);
                     Use& use = UseOf(shard, instance);
                     use.instance = opened;
                     use.number = opened->number();
                     use.first = before.first;
                     use.trimmed_bytes = before.appended_bytes - std::min(before.appended_bytes, *kept);
                   }
                   std::move(done)(std::move(kept));
                 });
}

size_t InstanceLimits::in_use() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    absl::MutexLock lock(&shard.mu);
    count += shard.uses.size();
  }
  return count;
}

}  // namespace playhead::broker
