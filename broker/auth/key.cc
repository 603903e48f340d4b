#include "broker/auth/key.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "broker/auth/wrong_secret_rate.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

// Nobody can tell when a stream will close.
constexpr absl::Duration kStreamsRetry = absl::Seconds(1);

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

bool IsPaced(const KeyQuotas& quotas) {
  return quotas.append_events_per_second != 0 || quotas.append_bytes_per_second != 0;
}

}  // namespace

Key::Key(KeyRules rules, Clock clock)
    : rules_(std::move(rules)),
      clock_(std::move(clock)),
      instance_quota_(std::make_shared<InstanceQuota>(rules_.quotas.instances_max, rules_.instances, clock_)),
      expires_at_micros_(kNever),
      append_events_(rules_.quotas.append_events_per_second, rules_.quotas.append_events_per_second),
      append_bytes_(rules_.quotas.append_bytes_per_second, rules_.quotas.append_bytes_per_second),
      wrong_secrets_(kWrongSecretsPerSecond, kWrongSecretsBurst) {}

absl::Status Key::CheckGood() const {
  if (revoked_.load(std::memory_order_relaxed)) {
    return MakeError(Reason::kKeyRevoked, absl::StrCat("key ", rules_.id, " has been revoked"));
  }
  const int64_t expires_at = expires_at_micros_.load(std::memory_order_relaxed);
  if (expires_at != kNever && absl::ToUnixMicros(clock_()) >= expires_at) {
    return MakeError(Reason::kKeyExpired,
                     absl::StrCat("key ", rules_.id, " expired at ",
                                  absl::FormatTime(absl::FromUnixMicros(expires_at), absl::UTCTimeZone())));
  }
  return absl::OkStatus();
}

void Key::SetExpiry(absl::Time expires_at) {
  expires_at_micros_.store(expires_at == absl::InfiniteFuture() ? kNever : absl::ToUnixMicros(expires_at),
                           std::memory_order_relaxed);
}

absl::Status Key::TooFast(absl::string_view limit, uint64_t per_second, absl::string_view unit,
                          absl::Duration wait) const {
  return MakeQuotaError(
      limit,
      absl::StrCat("key ", rules_.id, " may append ", per_second, " ", unit, " a second: try again in ",
                   absl::FormatDuration(absl::Ceil(wait, absl::Milliseconds(1)))),
      wait);
}

absl::Duration Key::AppendWait(absl::Time now) { return std::max(append_events_.Wait(now), append_bytes_.Wait(now)); }

absl::Status Key::ChargeAppend(size_t events, size_t bytes) {
  if (!IsPaced(rules_.quotas)) return absl::OkStatus();
  absl::MutexLock lock(&mu_);
  const absl::Time now = clock_();
  if (const absl::Duration wait = append_events_.Wait(now); wait > absl::ZeroDuration()) {
    return TooFast("key.append_events_per_second", rules_.quotas.append_events_per_second, "events", wait);
  }
  if (const absl::Duration wait = append_bytes_.Wait(now); wait > absl::ZeroDuration()) {
    return TooFast("key.append_bytes_per_second", rules_.quotas.append_bytes_per_second, "bytes", wait);
  }
  append_events_.Draw(events);
  append_bytes_.Draw(bytes);
  return absl::OkStatus();
}

absl::Duration Key::AppendDelay(size_t events, size_t bytes) {
  if (!IsPaced(rules_.quotas)) return absl::ZeroDuration();
  absl::MutexLock lock(&mu_);
  const absl::Time now = clock_();
  AppendWait(now);  // Refills the buckets up to now.
  append_events_.Draw(events);
  append_bytes_.Draw(bytes);
  return AppendWait(now);
}

absl::Status Key::AddStream() {
  const uint64_t before = streams_.fetch_add(1, std::memory_order_relaxed);
  if (rules_.quotas.streams_max == 0 || before < rules_.quotas.streams_max) return absl::OkStatus();
  RemoveStream();
  return MakeQuotaError("key.streams",
                        absl::StrCat("key ", rules_.id, " may have ", rules_.quotas.streams_max,
                                     " streams open, and has: close one first"),
                        kStreamsRetry);
}

bool Key::NoteWrongSecret() {
  absl::MutexLock lock(&mu_);
  return NoteWrong(wrong_secrets_, clock_());
}

}  // namespace playhead::broker
