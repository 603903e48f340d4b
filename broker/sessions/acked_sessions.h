// AckedSessions: finds and creates the sessions in which clients acknowledge events, and gives each to one connection
// at a time.
//
// A session consists of a record in SessionStore, which says that it exists and when it was used, and a consumer
// `session.<key>` of its instance, which says which events are settled. After a crash, one may exist without the other:
// a consumer without a record gets one at the next start, and a record without a consumer starts as a new session.
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
#include "broker/read/start_position.h"
#include "broker/sessions/acked_session.h"
#include "broker/sessions/session_store.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// How long a new connection of a session waits for the end of the present one. Data that a client sends before it
// closes a connection is read within milliseconds, and the shortest handshake timeout of a client is seconds.
inline constexpr absl::Duration kTakeOverPatience = absl::Milliseconds(200);

// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows its arguments; must outlive the log, whose callbacks end here.
class AckedSessions {
 public:
  // Registers with `store` for sessions of `dialect` that it removes. One object per dialect.
  AckedSessions(const Core& core, ConsumerRegistry& consumers, SessionStore& store, std::string dialect);
  AckedSessions(const AckedSessions&) = delete;
  AckedSessions& operator=(const AckedSessions&) = delete;

  // Creates missing records after a crash. Call it before anything is served. Blocks.
  absl::Status Load();

  // Whether a session with this key exists. `key` is from SessionKey with this dialect.
  bool Knows(const std::string& key) const { return store_.Get(key).has_value(); }

  // The keys of all sessions of the dialect, in order.
  std::vector<std::string> Keys() const { return store_.Keys(key_prefix_); }

  struct OpenOptions {
    std::string key;
    std::string owner;  // The id of the API key whose limit it counts against.
    std::shared_ptr<storage::Instance> instance;
    StartPosition start;  // For a new session; a known one continues where it was.
  };
  struct Opened {
    std::shared_ptr<AckedSession> session;
    bool created = false;
  };
  // Opens the session for a new connection: as soon as the present connection, if there is one, is over, or after
  // kTakeOverPatience. Does not check whether the caller may read the instance. `done` runs once, inside the call or on
  // a thread of the log or the executor.
  //   ResourceExhausted  STREAMS_LIMIT, as SessionStore::Put.
  //  OutOfRange         CURSOR_DIVERGED: the start is not a position of the log.
  //  NotFound           INSTANCE_DELETED.
  //  Unavailable        SHUTTING_DOWN, and as RecordStore::Write.
  void Open(OpenOptions options, storage::Callback<Opened> done) ABSL_LOCKS_EXCLUDED(mu_);

  // Deletes the session, which will not be used again: its record and its consumer. A connection that has it yields,
  // and gets Closed.
  void Forget(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void OpenConsumer(OpenOptions options, bool created, storage::Callback<Opened> done) ABSL_LOCKS_EXCLUDED(mu_);
  void Create(OpenOptions options, storage::Callback<Opened> done);
  // Deletes the consumer of a removed record.
  void OnRemoved(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);
  // The AckedSession of the connection that has, or last had, the session; nullptr if it was destroyed.
  std::shared_ptr<AckedSession> FindPresent(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  ConsumerRegistry& consumers_;
  SessionStore& store_;
  const std::string key_prefix_;  // `<dialect>.`

  absl::Mutex mu_;  // Guards the member below it.
  // The sessions given to connections, by key. Destroyed ones are cleared away now and then.
  absl::flat_hash_map<std::string, std::weak_ptr<AckedSession>> held_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_ACKED_SESSIONS_H_
