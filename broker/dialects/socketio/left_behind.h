// LeftBehind: the sessions of clients that acknowledge and have lost their connection, for those who come back.
//
// Such a client says nothing by which it could be known. What it does not do tells it from a new one: it subscribes to
// nothing. So it gets the oldest session of its key and namespace that has no connection and had one not long ago.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_LEFT_BEHIND_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_LEFT_BEHIND_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/sessions/session_store.h"
#include "broker/timer_queue.h"
#include "storage/types.h"

namespace playhead::broker::socketio {

// A client with a session.
class PresentClient {
 public:
  virtual ~PresentClient() = default;
  // Ends the connection if it seems to be lost. Any thread; must not block.
  virtual void EndIfSilent() = 0;
};

// Sessions of one owner that are kept for those who come back: about as many as SessionStore has of one key, which
// forgets the oldest of them by itself.
inline constexpr size_t kLeftBehindMax = 1'000;
// How often an owner's clients are asked whether they are silent, however many wait for one of them to end.
inline constexpr absl::Duration kSilenceCheckInterval = absl::Milliseconds(500);

// Thread safety: all methods may be called from any thread.   Blocking: none.
class LeftBehind {
 public:
  // Sessions whose window has passed, and the oldest beyond kLeftBehindMax of an owner, are told to `on_expired`, not
  // under the lock.
  LeftBehind(absl::Duration window, std::function<void(const std::string& key)> on_expired)
      : window_(window), on_expired_(std::move(on_expired)) {}

  // Whose a session is.
  struct Owner {
    std::string key_id;
    storage::InstanceNumber instance;
    std::string name_space;

    friend auto operator<=>(const Owner&, const Owner&) = default;
  };

  // Who has a session; weakly held.
  void AddPresent(const Owner& owner, std::weak_ptr<PresentClient> client) ABSL_LOCKS_EXCLUDED(mu_);
  // One of the owner's clients may have lost its connection unseen: ends those that seem so, unless that was done less
  // than kSilenceCheckInterval ago.
  void EndSilent(const Owner& owner, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // After a start every session counts as just left.
  void Load(const SessionStore& sessions, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  void Add(const Owner& owner, std::string key, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);
  // The key of the oldest of the owner's whose window has not passed; it is no longer left behind.
  std::optional<std::string> Take(const Owner& owner, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // Lets go of those whose window has passed, of all owners. To be called from time to time.
  void Expire(SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Keys = std::multimap<SteadyTime, std::string>;
  struct Present {
    std::vector<std::weak_ptr<PresentClient>> clients;
    SteadyTime checked_at = SteadyTime::min();
  };

  // Moves those of `keys` whose window has passed to `expired`.
  void TakeExpired(Keys& keys, SteadyTime now, std::vector<std::string>& expired) const;
  void TellExpired(const std::vector<std::string>& keys) const;

  const absl::Duration window_;
  const std::function<void(const std::string& key)> on_expired_;
  absl::Mutex mu_;  // Guards the members below it.
  // By owner and when, those of the same moment in the order in which they came. None is empty.
  std::map<Owner, Keys> keys_ ABSL_GUARDED_BY(mu_);
  // Those that have gone are cleared away before the vector would grow, and by Expire.
  std::map<Owner, Present> present_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_LEFT_BEHIND_H_
