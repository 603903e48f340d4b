// Grace: where clients go on that reconnect without saying where they were.
//
// The documented client sends the same `subscribe` on every connection, carries no position and acknowledges nothing.
// So the broker keeps, for each subscription, the position up to which its client is known to have read, and keeps it
// for a while when the connection breaks. Who then subscribes with the same key, profile and events starts there.
//
// Clients that subscribe alike cannot be told apart, but for the host that they come from. So whoever comes starts at
// the lowest position that is kept, and what is kept is used up only by one that comes from the same host:
//
//   one broke and returns       it starts where it was, and what was kept for it is used up
//   two broke, two return       both start at the lower of the two positions
//   one broke, another comes    the other starts there too; the one that broke still does, until its time is over
//   one hangs and has returned  the broken connection is not yet known to be broken: what it has not been known to read
//                               counts as well, and so does where it stands if it was sent nothing more yet
//
// So a wrong guess makes duplicates and loses nothing, with one exception: one of several clients of a host is away, a
// new client comes from that host and uses up what was kept for the one that is away, and then another of them breaks.
// The one that was away then starts where that other was, which is too late for it.
//
// Kept in broker/sessions, so that it outlives the broker: a subscription is on disk before it is acknowledged (Flush),
// its position is written at most kWriteInterval and kSessionWriteInterval late, so that a crash makes duplicates. With
// a subscription is stored which broken one it uses up; that it uses up one that hangs a crash forgets.
// Bounded as sessions are; a subscription for which there is no room has no grace.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_GRACE_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_GRACE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/model/position.h"
#include "broker/sessions/session_store.h"
#include "broker/timer_queue.h"
#include "storage/callback.h"
#include "storage/types.h"

namespace playhead::broker::multiwa {

// Thread safety: all methods but Load may be called from any thread.   Blocking: none.
// Ownership: borrows what it is given; must outlive its timers, and the subscriptions that it gave.
class Grace {
 public:
  // How late a position may be written.
  static constexpr absl::Duration kWriteInterval = absl::Milliseconds(500);

  // Where a subscription goes on.
  struct Start {
    model::Position read;
    // Its client acknowledges: nothing else says what it has read (profile_stream.h).
    bool client_acks = false;
    // The broken subscription that its client seems to come back to, if any.
    std::optional<uint64_t> uses_up = std::nullopt;
  };

  // A subscription's place. Not thread-safe.
  class Subscription {
   public:
    Subscription(Grace& grace, std::string key, uint64_t number)
        : grace_(grace), key_(std::move(key)), number_(number) {}
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription();  // The connection broke, unless Leave came before.

    // Its client has read everything up to `read`, and was sent more if `is_behind`.
    void Read(const model::Position& read, bool is_behind);
    // Its client has begun to acknowledge.
    void Acknowledges();
    // Its client ended it: nothing is kept.
    void Leave();

   private:
    Grace& grace_;
    const std::string key_;
    const uint64_t number_;
    bool left_ = false;
  };

  Grace(const Core& core, SessionStore& sessions, absl::Duration window)
      : core_(core), sessions_(sessions), window_(window) {}
  Grace(const Grace&) = delete;
  Grace& operator=(const Grace&) = delete;

  // Takes up what is stored. Nobody could come back while the broker was away: whoever was connected, or had time left,
  // has the whole window from now.
  void Load();

  // Where a subscription with this key (broker/sessions/session_key.h), from this host, goes on. nullopt if nothing is
  // kept for it.
  std::optional<Start> TakeStart(const std::string& key, absl::string_view host) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes up a subscription that starts there, for the limits of `owner`. nullptr if there is no room.
  std::unique_ptr<Subscription> Open(const std::string& key, std::string owner, std::string host, const Start& start)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `done` when what was opened up to now is on disk, or could not be written.
  void Flush(storage::StatusCallback done) { sessions_.Flush(std::move(done)); }

 private:
  struct Entry {
    std::string owner;
    std::string host;
    bool is_broken = false;
    // Its client has returned, as far as can be known: it counts only for a client that finds nothing else.
    bool is_used = false;
    bool client_acks = false;
    std::optional<uint64_t> uses_up;
    model::Position read;
    bool is_behind = false;

    // Whether its client may have missed something.
    bool counts() const { return is_broken || is_behind; }
    SteadyTime written_at;
    bool write_armed = false;  // A timer is set for what is not written yet.
    SessionStore::Use use;
  };
  using Entries = absl::node_hash_map<uint64_t, Entry>;

  void OnRead(const std::string& key, uint64_t number, const model::Position& read, bool is_behind)
      ABSL_LOCKS_EXCLUDED(mu_);
  void WriteLater(const std::string& key, uint64_t number, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnAcknowledges(const std::string& key, uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void OnBroken(const std::string& key, uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void Forget(const std::string& key, uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  Entry* FindEntry(const std::string& key, uint64_t number) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Write(const std::string& key, uint64_t number, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetLater(const std::string& key, uint64_t number);

  const Core core_;
  SessionStore& sessions_;
  const absl::Duration window_;

  // The store's own lock is taken under it, never the other way round.
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Entries> entries_ ABSL_GUARDED_BY(mu_);  // By key; none is empty.
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GRACE_H_
