// The rate of wrong secrets that are answered without delay: for each key, and for each kind of secret that names no
// key.
#ifndef PLAYHEAD_BROKER_AUTH_WRONG_SECRET_RATE_H_
#define PLAYHEAD_BROKER_AUTH_WRONG_SECRET_RATE_H_

#include <cstdint>

#include "absl/time/time.h"
#include "broker/auth/token_bucket.h"

namespace playhead::broker {

inline constexpr uint64_t kWrongSecretsPerSecond = 1;
inline constexpr uint64_t kWrongSecretsBurst = 10;

// Counts a wrong secret at `now`. Returns whether it exceeds the rate.
inline bool NoteWrong(TokenBucket& bucket, absl::Time now) {
  if (bucket.Wait(now) > absl::ZeroDuration()) return true;
  bucket.Draw(1);
  return false;
}

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_WRONG_SECRET_RATE_H_
