// LeftBehind: the sessions of acknowledging clients that have lost their connection, for those that return.
//
// Such a client does not identify itself. What distinguishes it from a new client is that it does not subscribe. So it
// gets the oldest session of its key and namespace that has no connection, and had one not long ago.
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

// The maximum number of sessions that are kept per owner; about as many as SessionStore keeps per key before it removes
// the oldest itself.
inline constexpr size_t kLeftBehindMax = 1'000;
// How often, at most, the clients of an owner are checked for silence, however many other clients wait for one of them
// to end.
inline constexpr absl::Duration kSilenceCheckInterval = absl::Milliseconds(500);

// Thread safety: all methods may be called from any thread.   Blocking: none.
class LeftBehind {
 public:
  // Calls `on_expired`, not under the lock, for sessions whose window has passed, and for the oldest beyond
  // kLeftBehindMax of an owner.
  LeftBehind(absl::Duration window, std::function<void(const std::string& key)> on_expired)
      : window_(window), on_expired_(std::move(on_expired)) {}

  // The owner of a session.
  struct Owner {
    std::string key_id;
    storage::InstanceNumber instance;
    std::string name_space;

    friend auto operator<=>(const Owner&, const Owner&) = default;
  };

  // Adds a client that has a session.
  void AddPresent(const Owner& owner, std::weak_ptr<PresentClient> client) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends the owner's clients that seem to have lost their connection unnoticed, unless this was done less than
  // kSilenceCheckInterval ago.
  void EndSilent(const Owner& owner, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // Loads the sessions at the start of the broker. All of them count as just left behind.
  void Load(const SessionStore& sessions, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  void Add(const Owner& owner, std::string key, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);
  // Takes the owner's oldest session whose window has not passed, and returns its key; nullopt if there is none.
  std::optional<std::string> Take(const Owner& owner, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // Expires the sessions of all owners whose window has passed. Call it from time to time.
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
  // By owner and time; those of the same time in the order in which they were added. No multimap is empty.
  std::map<Owner, Keys> keys_ ABSL_GUARDED_BY(mu_);
  // Destroyed clients are removed before a vector would grow, and by Expire.
  std::map<Owner, Present> present_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_LEFT_BEHIND_H_
