// Continuations: where the next SubscribeEvents of a connection starts.
//
// SubscribeEvents carries no position: the client fetches what it missed and then subscribes, and what is appended
// between the two, does not fit the fetch, or is lost with a fetch that fails would be skipped in silence. So the
// broker remembers, for each connection and identity, up to where fetches got, and the stream starts there.
//
//   FetchMissedEvents   leaves a continuation at its request's position when it starts, and moves it forward only when
//                       its reply was written and the call was not cancelled. A fetch that goes on behind the last
//                       event of an earlier one's reply takes that one's place, so that paging leaves one continuation.
//   SubscribeEvents     starts at the lowest continuation and clears all. With none, it is the caller's to refuse the
//                       stream in a way that makes the client fetch first (a bounce) and to say so here.
//
// A bounced stream's own return needs no fetch: a client without a cursor comes back for the live stream. That return
// and a second stream that the same connection opens look alike; only time tells them apart, so a bounce by itself
// counts after Options::bounce_return_min. All mistakes made here are duplicates, or one more bounce.
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
    // Connections and identities remembered, about 500 bytes each; beyond that the one longest unused is forgotten,
    // and its client is bounced once more.
    size_t connections_max = 10'000;
    // Fetches under way on one connection; one more stays at its request's position even if it succeeds.
    size_t fetches_max = 64;
    // How long a continuation waits for its stream. Clients return within their back-off, 30 s unless they set it.
    absl::Duration expiry = absl::Minutes(10);
    absl::Duration bounce_return_min = absl::Milliseconds(100);
    // A client whose fetch brought nothing subscribes at once. Only when it has not for this long does a fetch from the
    // same place count as its next; before, it may be another stream's, and both are kept.
    absl::Duration empty_fetch_min = absl::Seconds(5);
  };

  // Where a fetch that succeeded got.
  struct Reached {
    Position position;                   // Everything up to here was returned or is not rendered.
    std::optional<Position> last_frame;  // The last that the client saw; unset if it saw none.
  };

  struct Taken {
    std::optional<Position> start;  // Unset if there is no continuation.
    // A fetch has been answered and its reply's fate will be known in a moment: ask again. Nothing was taken.
    bool settling = false;
  };

  explicit Continuations(const Options& options) : options_(options) {}

  // A fetch starts. The number names it in the methods below.
  uint64_t FetchStarted(const std::string& connection, const Position& from, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);
  // Its position is none of the log, or no longer: it counts from `from`.
  void FetchReplaced(const std::string& connection, uint64_t fetch, const Position& from) ABSL_LOCKS_EXCLUDED(mu_);
  // Its reply is handed to the transport.
  void FetchReplied(const std::string& connection, uint64_t fetch, const Reached& reached) ABSL_LOCKS_EXCLUDED(mu_);
  // It is over. `written`: the whole reply went out and the call was not cancelled. REQUIRES: FetchReplied if
  // `written`.
  void FetchEnded(const std::string& connection, uint64_t fetch, bool written, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream was bounced while `head` was the end of the log.
  void Bounced(const std::string& connection, const Position& head, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream that took `start` was refused before its first frame: the connection's next stream starts there.
  void PutBack(const std::string& connection, const Position& start, SteadyTime now) ABSL_LOCKS_EXCLUDED(mu_);

  // A stream starts: takes its continuation. With `wait_for_replies` unset what is settling counts from where its fetch
  // started.
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
    Position held;    // The client's cursor then: its last frame's, or without one that of its request.
    bool had_frames;  // Whoever fetches from `held` got the reply.
    SteadyTime at;
  };

  struct Entry {
    std::vector<Fetch> fetches;
    std::optional<Settled> settled;   // The lowest of the fetches that are over.
    std::optional<Position> bounced;  // The lowest head at which a stream was bounced, ...
    SteadyTime bounced_at;            // ... the first time.
    SteadyTime used_at;
    std::list<const std::string*>::iterator use;
  };
  // Addresses of keys must stay: the list of uses points to them.
  using Entries = absl::node_hash_map<std::string, Entry>;

  Entry& Use(const std::string& connection, SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ForgetExpired(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool GoesOn(const Position& from, const Settled& settled, SteadyTime now) const;
  // `reached` is unset if nothing of the reply counts.
  static void Settle(Entry& entry, const Position& from, const std::optional<Reached>& reached, SteadyTime now);

  const Options options_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  Entries entries_ ABSL_GUARDED_BY(mu_);
  std::list<const std::string*> uses_ ABSL_GUARDED_BY(mu_);  // Keys of `entries_`, the longest unused first.
  uint64_t last_fetch_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_CONTINUATIONS_H_
