// Continuations: where the next SubscribeEvents of a connection starts.
//
// SubscribeEvents carries no position: the client fetches what it missed and then subscribes. Without further measures
// it would miss events that are appended in between, do not fit the fetch, or are lost with a fetch that fails. So the
// broker remembers, for each connection and identity, how far its fetches got, and the stream starts there.
//
//  FetchMissedEvents   creates a continuation at its request's position when it starts, and moves it forward only when
//                      its reply was written and the call was not cancelled. A fetch that starts at the last event
//                      of an earlier reply replaces that fetch's continuation, so paging leaves one continuation.
//  SubscribeEvents     starts at the lowest continuation and clears all. If there is none, the caller must refuse the
//                      stream in a way that makes the client fetch first (a bounce), and report it here.
//
// A bounced client need not fetch: a client without a cursor just subscribes again. That is indistinguishable, except
// by time, from a second stream that the same connection opens, so a bounce counts as a continuation only after
// Options::bounce_return_min. All wrong guesses here cause only duplicates, or one more bounce.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_CONTINUATIONS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_CONTINUATIONS_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/node_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/model/position.h"
#include "broker/timer_queue.h"

namespace playhead::broker::photon {

using model::Position;

// Thread safety: all methods may be called from any thread.   Blocking: none.
class Continuations {
 public:
  struct Options {
    // The maximum number of remembered connections and identities, about 500 bytes each. Beyond that, the least
    // recently used one is forgotten, and its client is bounced once more.
    size_t connections_max = 10'000;
    // The maximum number of tracked fetches in progress on one connection. The continuation of any further one stays at
    // its request's position even if it succeeds.
    size_t fetches_max = 64;
    // How long a continuation waits for its stream. Clients return within their back-off, which is 30 s by default.
    absl::Duration expiry = absl::Minutes(10);
    absl::Duration bounce_return_min = absl::Milliseconds(100);
    // A client whose fetch returned nothing subscribes at once. If it has not done so for this long, another fetch from
    // the same position is taken for its next one. Before that, it may belong to another stream, and both are kept.
    absl::Duration empty_fetch_min = absl::Seconds(5);
  };

  // How far a successful fetch got.
  struct Reached {
    Position position;                   // Everything up to here was returned or is not rendered.
    std::optional<Position> last_frame;  // The last frame in the reply; unset if there was none.
  };

  struct Taken {
    std::optional<Position> start;  // Unset if there is no continuation.
    // A fetch was answered, and it is not yet known whether its reply is written: ask again. Nothing was taken.
    bool settling = false;
  };

  explicit Continuations(const Options& options) : options_(options) {}

  // A fetch starts. Returns its number for the methods below.
  uint64_t FetchStarted(const std::string& connection, const Position& from, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);
  // The fetch's position is not of the log, or was trimmed: its continuation moves to `from`.
  void FetchReplaced(const std::string& connection, uint64_t fetch, const Position& from) ABSL_LOCKS_EXCLUDED(mu_);
  // The fetch's reply was handed to the transport.
  void FetchReplied(const std::string& connection, uint64_t fetch, const Reached& reached) ABSL_LOCKS_EXCLUDED(mu_);
  // The fetch is over. `written`: the whole reply was sent and the call was not cancelled. REQUIRES: FetchReplied if
  // `written`.
  void FetchEnded(const std::string& connection, uint64_t fetch, bool written, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream was bounced while `head` was the end of the log.
  void Bounced(const std::string& connection, const Position& head, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream that took `start` was refused before its first frame: the connection's next stream starts there.
  void PutBack(const std::string& connection, const Position& start, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream starts: takes its continuation. If `wait_for_replies` is false, a fetch whose reply is not known to be
  // written counts from its request's position.
  Taken Take(const std::string& connection, bool wait_for_replies, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Fetch {
    uint64_t number;
    Position from;
    std::optional<Reached> reached;  // Set once it is answered.
  };

  struct Settled {
    Position position;
    Position held;    // The client's cursor afterwards: that of its last frame, or else of its request.
    bool had_frames;  // If so, a client that fetches from `held` has the reply.
    SteadyTime at;
  };

  struct Entry {
    std::vector<Fetch> fetches;
    std::optional<Settled> settled;   // That of the finished fetch with the lowest position.
    std::optional<Position> bounced;  // The lowest head at which a stream was bounced.
    SteadyTime bounced_at;            // When a stream was bounced first.
    SteadyTime used_at;
    std::list<const std::string*>::iterator use;
  };
  // The keys must have stable addresses, since `uses_` points to them.
  using Entries = absl::node_hash_map<std::string, Entry>;

  Entry& Use(const std::string& connection, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetExpired(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool GoesOn(const Position& from, const Settled& settled, SteadyTime now) const;
  // `reached` is unset if the reply does not count.
  static void Settle(Entry& entry, const Position& from, const std::optional<Reached>& reached, SteadyTime now);

  const Options options_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  Entries entries_ ABSL_GUARDED_BY(mu_);
  std::list<const std::string*> uses_ ABSL_GUARDED_BY(mu_);  // Keys of `entries_`, least recently used first.
  uint64_t last_fetch_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_CONTINUATIONS_H_
