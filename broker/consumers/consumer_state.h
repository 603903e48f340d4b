// ConsumerState: which events of a consumer are handed over, settled, failed, and due again. Pure: no I/O, no clock.
//
//                    HandOver                      Ack, AckUpTo
//   [in the log] ----------------> [held by one] ----------------> [settled]
//        |                           ^    | Nack, Expire, Disconnect     ^
//        | Defer         HandOverAgain    v                              | Snapshot after TakeParking
//        +-----------------------> [waiting] --- attempts used up ---> [parking]
//
// Order, for each instance by itself:
//  - Events are handed over in the order of their cursors, but for those that failed, which come again.
//  - A waiting event holds back all later ones of its instance: none of them is handed over before it. So does one that
//    failed and was handed over again, until it is settled or fails once more; but not if the consumer lets others
//    overtake it: then what waits comes first, in order, and everything else behind it.
//  - What was handed over before an earlier event failed stays where it is: it may be settled before that comes again.
//  - The events of an instance are held by one holder at a time.
// Other instances are not affected.
//
// Cost: runs of events are kept as ranges, so an acknowledgement of everything up to a cursor costs what it takes to
// drop a few ranges. Held ranges are at most as many as held events, waiting ones kExceptionsMax and as many as are
// held. Thread safety: none; the caller locks.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_STATE_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_STATE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/consumers/consumer_snapshot.h"
#include "broker/consumers/feed_position.h"
#include "broker/timer_queue.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker {

// Waiting ranges of one consumer. When there are this many, nothing new is handed over until some are settled.
inline constexpr size_t kExceptionsMax = 10'000;

// Names a stream that holds events of a consumer; 0 is nobody.
using HolderNumber = uint64_t;

// Events with contiguous cursors of one epoch.
struct Run {
  storage::Cursor first;
  storage::Cursor last;

  uint32_t event_count() const { return static_cast<uint32_t>(last.value() - first.value() + 1); }
  friend bool operator==(const Run&, const Run&) = default;
};

class ConsumerState {
 public:
  // Whether events that come from the log for the first time may go to a holder.
  enum class Fresh {
    kFree,       // Yes.
    kHeldBack,   // Not before earlier events of their instance are settled or have come again.
    kElsewhere,  // Another holder has events of their instance.
  };

  // Waiting events that are due, claimed for one holder until HandOverAgain or ReleaseAgain: to be read from the log.
  struct Again {
    uint64_t claim = 0;
    storage::InstanceNumber instance;
    storage::Cursor after;
    storage::Cursor last;
  };

  // What was found of a claim and handed over: in cursor order, with how often each was handed over, this time
  // included.
  struct HandedAgain {
    std::vector<Run> runs;
    std::vector<uint32_t> attempts;  // One an event.
    uint32_t gone = 0;               // Events that were not found.
  };

  struct ParkedEvent {
    storage::InstanceNumber instance;
    storage::Cursor cursor;
    uint32_t attempts = 0;
    std::string reason;
  };

  // Goes on from `snapshot`: all that is unsettled waits and is due. `overtake`: see "Order" above.
  ConsumerState(uint32_t attempts_max, const ConsumerSnapshot& snapshot, bool overtake = false);

  // The feed: what comes from the log for the first time, in the order of the log.

  // Everything up to here was handed over, deferred or passed over.
  const FeedPosition& fed() const { return fed_; }
  Fresh MayHandOver(storage::InstanceNumber instance, HolderNumber holder) const;
  // Hands the events `runs` of `instance`, all that the consumer wants of it in (after, runs.back().last], to `holder`.
  // REQUIRES: MayHandOver says kFree; at least one run; runs in order; `to` is behind fed().
  void HandOver(storage::InstanceNumber instance, storage::Cursor after, absl::Span<const Run> runs,
                const FeedPosition& to, HolderNumber holder);
  // Has the events of `instance` in (after, last] wait for their turn.
  void Defer(storage::InstanceNumber instance, storage::Cursor after, storage::Cursor last, uint32_t event_count,
             const FeedPosition& to);
  // There is nothing for the consumer up to `to`: filtered out, erased, trimmed.
  void PassOver(const FeedPosition& to);
  // Too many exceptions: neither HandOver nor Defer may follow.
  bool full() const { return waiting_ranges_ >= kExceptionsMax; }

  // What comes again.

  // Claims the next events for `holder` that are due. nullopt if there are none for it.
  std::optional<Again> ClaimAgain(HolderNumber holder, SteadyTime now);
  // Hands over what was found of a claim: `found` are events in cursor order, of which those that wait are taken, up to
  // `events_max` (at least 1); everything of the claim up to `through` that is not among `found` is gone and counts as
  // settled. Ends the claim. nullopt if it had ended already.
  std::optional<HandedAgain> HandOverAgain(const Again& again, absl::Span<const Run> found, storage::Cursor through,
                                           uint32_t events_max);
  void ReleaseAgain(const Again& again);
  // When something is next due, not before `from`, that does not have to wait for anything else; nullopt if nothing is.
  std::optional<SteadyTime> next_due(SteadyTime from = SteadyTime::min()) const;

  // Settlements. Each is about the events in [first, last] that `holder` holds of `instance`, passes over others, and
  // returns how many there were.

  uint32_t Ack(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last);
  // Everything that it holds of the instance up to `last`.
  uint32_t AckUpTo(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor last) {
    return Ack(holder, instance, storage::Cursor(), last);
  }
  // They failed: they come again at `due`, or are parked for `reason` if that was their last attempt.
  uint32_t Nack(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last,
                SteadyTime due, absl::string_view reason);
  uint32_t Park(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last,
                absl::string_view reason);
  // Sets their deadline, which they have none of before.
  uint32_t SetDeadline(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first,
                       storage::Cursor last, SteadyTime deadline);

  // Held events whose deadline has passed fail. Returns how many.
  uint32_t Expire(SteadyTime now);
  // Not later than the earliest deadline; nullopt if there is none.
  std::optional<SteadyTime> next_deadline() const { return next_deadline_; }

  // Everything that `holder` holds waits again, due at `now`. With `failed` that counts as a failed attempt of what has
  // a deadline; what has none had not reached the holder.
  void Disconnect(HolderNumber holder, bool failed, SteadyTime now);

  // Events of the parked list wait again as if never tried; those that are unsettled anyhow are passed over.
  void Requeue(storage::InstanceNumber instance, storage::Cursor cursor, SteadyTime now);
  // Forgets everything of an instance. Returns whether there was anything.
  bool Forget(storage::InstanceNumber instance);

  // Durable form.

  // Rises with every change that a snapshot would show, but for progress by PassOver alone.
  uint64_t version() const { return version_; }
  // Takes out up to `max` events that are to be parked: they are settled for every snapshot from now on, so their rows
  // must be written together with the next one.
  std::vector<ParkedEvent> TakeParking(size_t max);
  bool has_parking() const { return !parking_.empty(); }
  // What waits to be parked counts as unsettled.
  ConsumerSnapshot Snapshot() const;
  const FeedPosition& position() const { return position_; }

  // Figures.

  uint32_t held_events() const { return held_events_; }
  uint32_t held_events(HolderNumber holder) const;
  // At or before the position, held or not.
  uint64_t unsettled_events() const;
  size_t waiting_ranges() const { return waiting_ranges_; }
  // Instances with anything unsettled.
  bool Knows(storage::InstanceNumber instance) const { return instances_.contains(instance.value()); }

 private:
  // Events of one instance that share their lot.
  struct Held {
    storage::Cursor after;  // The range reaches back to here; from `first` on every cursor is an event.
    storage::Cursor first;
    storage::Cursor last;
    uint32_t failures = 0;
    uint64_t fed_number = 0;  // Of the feed's part that brought them; 0 if they came again.
    SteadyTime deadline = SteadyTime::max();

    uint32_t event_count() const { return static_cast<uint32_t>(last.value() - first.value() + 1); }
  };
  struct Waiting {
    storage::Cursor after;
    storage::Cursor last;
    uint32_t event_count = 0;
    uint32_t failures = 0;
    SteadyTime due;
  };
  struct InstanceEvents {
    HolderNumber holder = 0;                            // Of what is held or claimed.
    absl::btree_map<storage::Cursor, Held> held;        // By `last`; disjoint.
    absl::btree_map<storage::Cursor, Waiting> waiting;  // By `last`; disjoint, from those held too.
    size_t held_failed = 0;                             // Held ranges with failures.
    uint64_t claim = 0;
    std::optional<SteadyTime> indexed_due;  // Its entry in `due_`.
  };
  // A part of the feed of which nothing is settled or failed so far.
  struct Fed {
    uint64_t number = 0;
    FeedPosition end;
  };
  struct Parking {
    storage::InstanceNumber instance;
    Run events;
    uint32_t attempts = 0;
    std::string reason;
  };

  InstanceEvents* FindHeldBy(HolderNumber holder, storage::InstanceNumber instance);
  std::vector<uint64_t> HeldInstances() const;
  // Takes the held events in [first, last] out; splits ranges that reach beyond.
  std::vector<Held> TakeHeld(InstanceEvents& events, storage::Cursor first, storage::Cursor last);
  void AddHeld(InstanceEvents& events, const Held& held);
  void RemoveHeld(InstanceEvents& events, const Held& held);
  void CountRemovedHeld(InstanceEvents& events, const Held& held);
  // Adds what of `waiting` is not unsettled already, as part of a neighbour if one is like it.
  void AddWaiting(InstanceEvents& events, const Waiting& waiting);
  void AddWaitingPart(InstanceEvents& events, Waiting waiting);
  void EraseWaiting(InstanceEvents& events, storage::Cursor last);
  // What is left of (after, last] beside what is unsettled already.
  std::vector<std::pair<storage::Cursor, storage::Cursor>> FreeParts(const InstanceEvents& events,
                                                                     storage::Cursor after, storage::Cursor last) const;
  void Fail(storage::InstanceNumber instance, InstanceEvents& events, const Held& held, SteadyTime due,
            absl::string_view reason);
  // What failed and was handed over again keeps others of its instance back.
  bool HeldAgainHoldsBack(const InstanceEvents& events) const { return !overtake_ && events.held_failed > 0; }
  void AddParking(storage::InstanceNumber instance, const Held& held, absl::string_view reason);
  // The position moves at least to the end of this part of the feed.
  void Touch(uint64_t fed_number);
  // After any change of an instance: keeps `due_` and the table in step. `events` may be gone afterwards.
  void Tidy(storage::InstanceNumber instance, InstanceEvents& events);

  uint32_t attempts_max_;
  bool overtake_;
  absl::flat_hash_map<uint64_t, InstanceEvents> instances_;  // By number; only those with anything unsettled.
  // Instances of which something waits and could be claimed, by when that is due.
  absl::btree_set<std::pair<SteadyTime, uint64_t>> due_;

  FeedPosition fed_;
  FeedPosition position_;
  uint64_t position_number_ = 0;  // Of the last part of the feed that `position_` covers.
  std::deque<Fed> untouched_;     // Behind `position_`.
  uint64_t last_fed_number_ = 0;

  std::deque<Parking> parking_;
  uint64_t parking_events_ = 0;
  absl::flat_hash_map<HolderNumber, uint32_t> holders_;  // How many events each holds.
  uint32_t held_events_ = 0;
  uint64_t waiting_events_ = 0;
  size_t waiting_ranges_ = 0;
  std::optional<SteadyTime> next_deadline_;
  uint64_t last_claim_ = 0;
  uint64_t version_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_STATE_H_
