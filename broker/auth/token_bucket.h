// A token bucket: a rate with a burst.
#ifndef PLAYHEAD_BROKER_AUTH_TOKEN_BUCKET_H_
#define PLAYHEAD_BROKER_AUTH_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>

#include "absl/time/time.h"

namespace playhead::broker {

// A draw from a bucket that is not empty may exceed its tokens and put it into debt; later draws wait until the debt is
// paid. So an append larger than the burst is possible, and the average rate still holds. Not thread-safe.
class TokenBucket {
 public:
  // `per_second` of 0 means no limit.
  TokenBucket(uint64_t per_second, uint64_t burst)
      : per_second_(static_cast<double>(per_second)),
        burst_(static_cast<double>(std::max<uint64_t>(burst, 1))),
        tokens_(burst_) {}

  // How long from `now` until the bucket has tokens again; zero if it has some.
  absl::Duration Wait(absl::Time now) {
    if (per_second_ == 0) return absl::ZeroDuration();
    Fill(now);
    if (tokens_ > 0) return absl::ZeroDuration();
    // A millisecond more than the debt, so that there are tokens by then.
    return std::min(absl::Seconds(-tokens_ / per_second_) + absl::Milliseconds(1), kWaitMax);
  }

  // Whether the bucket is full, so that it needs no more memory of earlier draws.
  bool IsFull(absl::Time now) {
    if (per_second_ == 0) return true;
    Fill(now);
    return tokens_ >= burst_;
  }

  void Draw(uint64_t tokens) {
    tokens_ = std::max(tokens_ - static_cast<double>(tokens), -per_second_ * kDebtSecondsMax);
  }

 private:
  // No wait is longer than this, however large the append and however low the rate.
  static constexpr double kDebtSecondsMax = 3600;
  static constexpr absl::Duration kWaitMax = absl::Hours(1);

  void Fill(absl::Time now) {
    // A clock that was set back adds nothing; the bucket continues from the new time.
    const absl::Duration elapsed = std::clamp(now - filled_at_, absl::ZeroDuration(), kWaitMax);
    tokens_ = std::min(burst_, tokens_ + per_second_ * absl::ToDoubleSeconds(elapsed));
    filled_at_ = now;
  }

  const double per_second_;
  const double burst_;
  double tokens_;
  absl::Time filled_at_ = absl::UnixEpoch();
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_TOKEN_BUCKET_H_
