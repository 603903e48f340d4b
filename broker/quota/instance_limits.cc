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
using storage::LogBounds;

namespace {

// Room comes when retention passes; asking more often is of no use.
constexpr absl::Duration kStoredRetry = absl::Seconds(30);

std::string In(absl::Duration wait) { return absl::FormatDuration(absl::Ceil(wait, absl::Milliseconds(1))); }

}  // namespace

// What an instance has used up. An idle one, whose buckets are full, is as good as none.
struct InstanceLimits::Use {
  Use(uint64_t version_in, const EffectiveLimits& limits_in)
      : version(version_in),
        limits(limits_in),
        events(limits.append_events_per_second, limits.append_events_per_second),
        bytes(limits.append_bytes_per_second, limits.append_bytes_per_second) {}

  const uint64_t version;  // Of the settings.
  const EffectiveLimits limits;
  TokenBucket events;
  TokenBucket bytes;
  // Only with a limit on what is stored: the instance, and what had left it when its first event was this.
  std::shared_ptr<Instance> instance;
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
  absl::erase_if(shard.uses,
                 [now](auto& entry) { return entry.second->events.IsFull(now) && entry.second->bytes.IsFull(now); });
  // All of them in debt: room for many at once, so that a look at all is rare.
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
  use.events.Wait(now);  // Fills them up to now.
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
    // What cannot be read now is no reason to lose events.
    std::move(done)(stored.ok() ? judge(*stored) : absl::OkStatus());
  });
}

std::optional<uint64_t> InstanceLimits::KnownStored(const std::string& instance) {
  Shard& shard = ShardOf(instance);
  absl::MutexLock lock(&shard.mu);
  const Use& use = UseOf(shard, instance);
  if (use.instance == nullptr || use.instance->deleted()) return std::nullopt;
  const LogBounds bounds = use.instance->bounds();
  if (use.first != bounds.first) return std::nullopt;
  return bounds.appended_bytes - std::min(bounds.appended_bytes, use.trimmed_bytes);
}

void InstanceLimits::StoredBytes(const std::string& instance, storage::Callback<uint64_t> done) {
  log_.OpenInstance(instance, storage::OpenMode::kExisting,
                    [this, instance, done = std::move(done)](absl::StatusOr<std::shared_ptr<Instance>> opened) mutable {
                      if (absl::IsNotFound(opened.status())) return std::move(done)(0);
                      if (!opened.ok()) return std::move(done)(opened.status());
                      LookUpStored(instance, *std::move(opened), std::move(done));
                    });
}

void InstanceLimits::LookUpStored(const std::string& instance, std::shared_ptr<Instance> opened,
                                  storage::Callback<uint64_t> done) {
  // As of before the look: what is appended meanwhile then counts, until the next trim, as if it were there twice.
  const LogBounds before = opened->bounds();
  log_.KeptBytes(opened,
                 [this, instance, opened, before, done = std::move(done)](absl::StatusOr<uint64_t> kept) mutable {
                   if (kept.ok() && settings_.Of(instance).stored_bytes_max != 0) {
                     Shard& shard = ShardOf(instance);
                     absl::MutexLock lock(&shard.mu);
                     Use& use = UseOf(shard, instance);
                     use.instance = opened;
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
