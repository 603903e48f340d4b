// FakeTimers: time that moves only when the test says so.
#ifndef PLAYHEAD_CLIENT_MOCKS_FAKE_TIMERS_H_
#define PLAYHEAD_CLIENT_MOCKS_FAKE_TIMERS_H_

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/timers.h"

namespace playhead {

// Thread safety: all methods may be called from any thread. Timers run inside Advance(), on the thread that calls it.
class FakeTimers : public Timers {
 public:
  absl::Time Now() override ABSL_LOCKS_EXCLUDED(mu_);
  Id RunAfter(absl::Duration delay, absl::AnyInvocable<void()> run) override ABSL_LOCKS_EXCLUDED(mu_);
  bool Cancel(Id id) override ABSL_LOCKS_EXCLUDED(mu_);

  // Moves the clock on by `duration`, running what falls due on the way, in order, each at its own time.
  void Advance(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mu_);

  // How long until the earliest timer; nullopt if there is none.
  std::optional<absl::Duration> NextDelay() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_) = absl::FromUnixSeconds(1'700'000'000);
  Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<std::pair<absl::Time, Id>, absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_MOCKS_FAKE_TIMERS_H_
