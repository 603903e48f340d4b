// Grace: where clients continue that reconnect without sending their position.
//
// The documented client sends the same `subscribe` on every connection, without a position, and acknowledges nothing.
// So the broker tracks, for each subscription, the position up to which its client is known to have read, and keeps it
// for a while after the connection breaks. A client that then subscribes with the same key, profile and events starts
// there.
//
// Clients with equal subscriptions cannot be told apart, except by their host. So a client starts at the lowest kept
// position, but uses up only a position of its own host:
//
//  one broke and returns       it starts where it was, and its position is used up
//  two broke, two return       both start at the lower of the two positions
//  one broke, another comes    the other also starts there; the first can still do so until its time is over
//  one hangs and has returned  the broker does not know yet that the old connection is broken. What its client is not
//                              known to have read counts as well; if it has read everything sent, its position counts
//
// So a wrong guess causes duplicates but no losses, with one exception: of several clients of a host, one is away; a
// new client comes from that host and uses up the position of the one that is away; then another of them breaks. When
// the first one returns, it starts at that other one's position, which may be too late for it.
//
// Positions are stored in broker/sessions, so they outlive the broker. A subscription is on disk before it is
// acknowledged (Flush); its position is written at most kWriteInterval and kSessionWriteInterval late, so a crash
// causes duplicates. A subscription is stored with the broken one that it uses up; if it uses up one that hangs, a
// crash forgets that. The number of positions is bounded as that of sessions; a subscription for which there is no room
// has no grace.
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
// Ownership: borrows its arguments; must outlive its timers and its subscriptions.
class Grace {
 public:
  // How late a position may be written.
  static constexpr absl::Duration kWriteInterval = absl::Milliseconds(500);

  // Where a subscription continues.
  struct Start {
    model::Position read;
    // Its client acknowledges, so only acknowledgements say what it has read (profile_stream.h).
    bool client_acks = false;
    // The broken subscription that its client seems to resume, if any.
    std::optional<uint64_t> uses_up = std::nullopt;
  };

  // Tracks the position of one subscription. Not thread-safe.
  class Subscription {
   public:
    Subscription(Grace& grace, std::string key, uint64_t number)
        : grace_(grace), key_(std::move(key)), number_(number) {}
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    ~Subscription();  // The connection broke, unless Leave was called before.

    // The client has read everything up to `read`; if `is_behind`, more was sent to it.
    void Read(const model::Position& read, bool is_behind);
    // The client has started to acknowledge.
    void Acknowledges();
    // The client ended the subscription: nothing is kept.
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

  // Loads what is stored. Clients could not return while the broker was down, so everyone who was connected, or had
  // time left, gets the whole window from now.
  void Load();

  // Finds where a subscription with this key (broker/sessions/session_key.h), from this host, continues. nullopt if
  // nothing is kept for it.
  std::optional<Start> TakeStart(const std::string& key, absl::string_view host) ABSL_LOCKS_EXCLUDED(mu_);

  // Adds a subscription that starts there, counted against the limits of `owner`. nullptr if there is no room.
  std::unique_ptr<Subscription> Open(const std::string& key, std::string owner, std::string host, const Start& start)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `done` when everything opened so far is on disk, or could not be written.
  void Flush(storage::StatusCallback done) { sessions_.Flush(std::move(done)); }

 private:
  struct Entry {
    std::string owner;
    std::string host;
    bool is_broken = false;
    // Its client seems to have returned, so the entry counts only for clients that find no other.
    bool is_used = false;
    bool client_acks = false;
    std::optional<uint64_t> uses_up;
    model::Position read;
    bool is_behind = false;

    // Whether its client may have missed something.
    bool counts() const { return is_broken || is_behind; }
    SteadyTime written_at;
    bool write_armed = false;  // A timer is set for a later write.
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
  // With the lock only if the row exists: a new row may take another session's place, whose owner is told of it at
  // once. REQUIRES: nobody else has the entry.
  absl::Status Write(const std::string& key, uint64_t number, Entry& entry);
  void ForgetLater(const std::string& key, uint64_t number);

  const Core core_;
  SessionStore& sessions_;
  const absl::Duration window_;

  // Taken before the store's own lock, never after it.
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Entries> entries_ ABSL_GUARDED_BY(mu_);  // By key; none is empty.
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_GRACE_H_
