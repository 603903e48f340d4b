// AckedSessions: finds and makes the sessions in which clients acknowledge events, and hands each to one connection.
//
// A session is a record of SessionStore, which says that it exists and when it was used, and a consumer `session.<key>`
// of its instance, which says what of it is settled. Neither is written without the other for long: a consumer without
// a record gets one at the next start, and a record without a consumer starts as new.
#ifndef PLAYHEAD_BROKER_SESSIONS_ACKED_SESSIONS_H_
#define PLAYHEAD_BROKER_SESSIONS_ACKED_SESSIONS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/sessions/acked_session.h"
#include "broker/sessions/session_store.h"
#include "broker/start_position.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// How long the next connection of a session waits for the end of the present one: what a client sends before it closes
// its connection is read within milliseconds, and the shortest handshake time-out of a client is seconds.
inline constexpr absl::Duration kTakeOverPatience = absl::Milliseconds(200);

// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows everything it is given; must outlive the log, whose callbacks end here.
class AckedSessions {
 public:
  // `store` is told here what to do when a session of `dialect` goes. One object for each dialect.
  AckedSessions(const Core& core, ConsumerRegistry& consumers, SessionStore& store, std::string dialect);
  AckedSessions(const AckedSessions&) = delete;
  AckedSessions& operator=(const AckedSessions&) = delete;

  // Brings records and consumers together after a crash. Before anything is served; blocks.
  absl::Status Load();

  // Whether there is a session of this key, of SessionKey with this dialect.
  bool Knows(const std::string& key) const { return store_.Get(key).has_value(); }

  // The keys of all its sessions, in order.
  std::vector<std::string> Keys() const { return store_.Keys(key_prefix_); }

  struct OpenOptions {
    std::string key;
    std::string owner;  // The id of the key that it counts for.
    std::shared_ptr<storage::Instance> instance;
    StartPosition start;  // Of a session that is new; one that is known goes on where it was.
  };
  struct Opened {
    std::shared_ptr<AckedSession> session;
    bool created = false;
  };
  // Hands over the session, taking it from the connection that has it: as soon as that is over, or after
  // kTakeOverPatience. Whether the caller may read the instance is for others to say. `done` runs once, inside the call
  // or on a thread of the log or the executor.
  //   ResourceExhausted  STREAMS_LIMIT, as SessionStore::Put.
  //   OutOfRange         CURSOR_DIVERGED: the start is none of the log.
  //   NotFound           INSTANCE_DELETED.
  //   Unavailable        SHUTTING_DOWN, and as RecordStore::Write.
  void Open(OpenOptions options, storage::Callback<Opened> done) ABSL_LOCKS_EXCLUDED(mu_);

  // Nobody will come back to the session: its record and its consumer go. A connection that has it is told as by the
  // next one.
  void Forget(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void OpenConsumer(OpenOptions options, bool created, storage::Callback<Opened> done) ABSL_LOCKS_EXCLUDED(mu_);
  void Create(OpenOptions options, storage::Callback<Opened> done);
  // The record has gone: the consumer goes, too.
  void OnRemoved(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);
  // Of the connection that has the session, or had it last; nullptr if that is gone.
  std::shared_ptr<AckedSession> FindPresent(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  ConsumerRegistry& consumers_;
  SessionStore& store_;
  const std::string key_prefix_;  // `<dialect>.`

  absl::Mutex mu_;  // Guards the member below it.
  // Sessions that were handed to connections, by key; those that are gone are cleared away now and then.
  absl::flat_hash_map<std::string, std::weak_ptr<AckedSession>> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_ACKED_SESSIONS_H_
