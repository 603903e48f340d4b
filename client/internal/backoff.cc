#include "client/internal/backoff.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "proto/errors.h"

namespace playhead::internal {

absl::Status CheckBackoff(const BackoffOptions& options) {
  if (options.initial_delay <= absl::ZeroDuration() || options.max_delay < options.initial_delay) {
    return absl::InvalidArgumentError("backoff: initial_delay must be positive and at most max_delay");
  }
  if (!(options.multiplier >= 1)) return absl::InvalidArgumentError("backoff: multiplier must be at least 1");
  if (options.max_attempts < 0) return absl::InvalidArgumentError("backoff: max_attempts must not be negative");
  return absl::OkStatus();
}

std::optional<absl::Duration> Backoff::Next() {
  if (options_.max_attempts > 0 && attempt_ == options_.max_attempts) return std::nullopt;
  ++attempt_;
  const absl::Duration delay = bound_ * absl::Uniform(absl::IntervalClosed, random_, 0.0, 1.0);
  bound_ = std::min(bound_ * options_.multiplier, options_.max_delay);
  return delay;
}

void Backoff::Reset() {
  attempt_ = 0;
  bound_ = options_.initial_delay;
}

bool SaidByBroker(const absl::Status& status) {
  bool said = false;
  status.ForEachPayload([&said](absl::string_view, const absl::Cord&) { said = true; });
  return said;
}

bool MayReopen(const absl::Status& status) {
  if (SaidByBroker(status)) return IsRetryable(status);
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:    // "Stream removed".
    case absl::StatusCode::kInternal:   // RST_STREAM from a proxy.
    case absl::StatusCode::kCancelled:  // The other side went away in mid-stream.
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace playhead::internal
