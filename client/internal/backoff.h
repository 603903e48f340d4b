// Backoff: how long to wait before the next attempt.
#ifndef PLAYHEAD_CLIENT_INTERNAL_BACKOFF_H_
#define PLAYHEAD_CLIENT_INTERNAL_BACKOFF_H_

#include <optional>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/options.h"

namespace playhead::internal {

// InvalidArgument if an option is out of range.
absl::Status CheckBackoff(const BackoffOptions& options);

// Counts failed attempts in a row. Not thread-safe.
class Backoff {
 public:
  // REQUIRES: CheckBackoff(options).ok().
  explicit Backoff(const BackoffOptions& options) : options_(options), bound_(options.initial_delay) {}

  // Notes a failed attempt and returns the delay before the next; nullopt once all allowed attempts are used up.
  std::optional<absl::Duration> Next();

  // Notes a success.
  void Reset();

  // How many attempts Next() has allowed since the last success.
  int attempt() const { return attempt_; }

 private:
  BackoffOptions options_;
  absl::Duration bound_;
  int attempt_ = 0;
  absl::BitGen random_;
};

// Whether `status` carries a reason from the broker. If not, the transport or this client made it.
bool SaidByBroker(const absl::Status& status);

// Whether a stream that ended with `status` may be opened again for operations that are safe to repeat (reading from a
// position; appends with an identity). For the broker's errors, the retryable flag decides. For the transport's, a
// broken connection may be retried and a refusal (credentials, an unknown method, a message too large) may not.
bool MayReopen(const absl::Status& status);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_BACKOFF_H_
