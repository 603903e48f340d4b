// ConsumerState: tracks which events of a consumer are handed over, settled, failed, and due for redelivery. Pure: no
// I/O, no clock.
//
//                    HandOver                      Ack, AckUpTo
//   [in the log] ----------------> [held by one] ----------------> [settled]
//        |                           ^    | Nack, Expire, Disconnect     ^
//        | Defer         HandOverAgain    v                              | Snapshot after TakeParking
//        +-----------------------> [waiting] --- attempts used up ---> [parking]
//
// Order, for each instance by itself:
//  - Events are handed over in the order of their cursors, except failed ones, which are redelivered.
//  - A waiting event holds back all later ones of its instance: none of them is handed over before it. So does an event
//    that failed and was handed over again, until it is settled or fails once more; but not if the consumer lets events
//    overtake: then waiting events come first, in order, and everything else after them.
//  - Events that were handed over before an earlier one failed stay in flight: they may be settled before it is
//    redelivered.
//  - The events of an instance are held by one holder at a time.
// Other instances are not affected.
//
// Cost: runs of events are kept as ranges, so acknowledging everything up to a cursor costs only dropping a few ranges.
// There are at most as many held ranges as held events, and at most kExceptionsMax waiting ranges plus as many as are
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

// The maximum number of waiting ranges of one consumer. When it is reached, nothing new is handed over until some are
// settled.
inline constexpr size_t kExceptionsMax = 10'000;

// Identifies a stream that holds events of a consumer; 0 is none.
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
    kHeldBack,   // Not before earlier events of their instance are settled or redelivered.
    kElsewhere,  // Another holder has events of their instance.
  };

  // Waiting events that are due, claimed for one holder until HandOverAgain or ReleaseAgain: to be read from the log.
  struct Again {
    uint64_t claim = 0;
    storage::InstanceNumber instance;
    storage::Cursor after;
    storage::Cursor last;
  };

  // The events of a claim that were found and handed over: in cursor order, with the number of times each was handed
  // over, including this time.
  struct HandedAgain {
    std::vector<Run> runs;
    std::vector<uint32_t> attempts;  // One for each event.
    uint32_t gone = 0;               // Events that were not found.
  };

  struct ParkedEvent {
    storage::InstanceNumber instance;
    storage::Cursor cursor;
    uint32_t attempts = 0;
    std::string reason;
  };

  // Restores `snapshot`: all unsettled events wait and are due. `overtake`: see "Order" above.
  ConsumerState(uint32_t attempts_max, const ConsumerSnapshot& snapshot, bool overtake = false);

  // The feed: events that come from the log for the first time, in the order of the log.

  // Everything up to here was handed over, deferred or passed over.
  const FeedPosition& fed() const { return fed_; }
  Fresh MayHandOver(storage::InstanceNumber instance, HolderNumber holder) const;
  // Hands the events `runs` of `instance`, which are all that the consumer wants in (after, runs.back().last], to
  // `holder`. REQUIRES: MayHandOver returns kFree; at least one run; runs in order; `to` is after fed().
  void HandOver(storage::InstanceNumber instance, storage::Cursor after, absl::Span<const Run> runs,
                const FeedPosition& to, HolderNumber holder);
  // Makes the events of `instance` in (after, last] wait for their turn.
  void Defer(storage::InstanceNumber instance, storage::Cursor after, storage::Cursor last, uint32_t event_count,
             const FeedPosition& to);
  // Notes that there is nothing for the consumer up to `to`: everything was filtered out, erased or trimmed.
  void PassOver(const FeedPosition& to);
  // Whether there are too many exceptions: if so, neither HandOver nor Defer may follow.
  bool full() const { return waiting_ranges_ >= kExceptionsMax; }

  // Redelivery.

  // Claims the next due events for `holder`. nullopt if there are none for it.
  std::optional<Again> ClaimAgain(HolderNumber holder, SteadyTime now);
  // Hands over the events of a claim that were found: `found` are events in cursor order, of which the waiting ones are
  // taken, up to `events_max` (at least 1). Every event of the claim up to `through` that is not in `found` is gone,
  // and counts as settled. Ends the claim. nullopt if it had already ended.
  std::optional<HandedAgain> HandOverAgain(const Again& again, absl::Span<const Run> found, storage::Cursor through,
                                           uint32_t events_max);
  void ReleaseAgain(const Again& again);
  // When the next event that need not wait for anything else is due, not before `from`; nullopt if there is none.
  std::optional<SteadyTime> next_due(SteadyTime from = SteadyTime::min()) const;

  // Settlements. Each applies to the events in [first, last] that `holder` holds of `instance`, ignores others, and
  // returns how many it applied to.

  uint32_t Ack(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last);
  // Everything that it holds of the instance up to `last`.
  uint32_t AckUpTo(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor last) {
    return Ack(holder, instance, storage::Cursor(), last);
  }
  // The events failed: they are redelivered at `due`, or parked with `reason` if that was their last attempt.
  uint32_t Nack(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last,
                SteadyTime due, absl::string_view reason);
  uint32_t Park(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first, storage::Cursor last,
                absl::string_view reason);
  // Sets their deadline; before this, they have none.
  uint32_t SetDeadline(HolderNumber holder, storage::InstanceNumber instance, storage::Cursor first,
                       storage::Cursor last, SteadyTime deadline);

  // Fails the held events whose deadline has passed. Returns how many.
  uint32_t Expire(SteadyTime now);
  // Not later than the earliest deadline; nullopt if there is none.
  std::optional<SteadyTime> next_deadline() const { return next_deadline_; }

  // Makes everything that `holder` holds wait again, due at `now`. With `failed`, this counts as a failed attempt of
  // the events that have a deadline; those without had not reached the holder.
  void Disconnect(HolderNumber holder, bool failed, SteadyTime now);

  // Makes events of the parked list wait again as if never tried; those that are unsettled anyway are ignored.
  void Requeue(storage::InstanceNumber instance, storage::Cursor cursor, SteadyTime now);
  // Forgets everything of an instance. Returns whether there was anything.
  bool Forget(storage::InstanceNumber instance);

  // Durable form.

  // Increases with every change that a snapshot would show, except progress by PassOver alone.
  uint64_t version() const { return version_; }
  // Takes up to `max` events that are to be parked: they count as settled in every snapshot from now on, so their rows
  // must be written together with the next one.
  std::vector<ParkedEvent> TakeParking(size_t max);
  bool has_parking() const { return !parking_.empty(); }
  // Events that wait to be parked count as unsettled.
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
  // A range of events of one instance in the same state.
  struct Held {
    storage::Cursor after;  // The range reaches back to here; from `first` on every cursor is an event.
    storage::Cursor first;
    storage::Cursor last;
    uint32_t failures = 0;
    uint64_t fed_number = 0;  // The part of the feed that brought them; 0 if they were redelivered.
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
    HolderNumber holder = 0;                            // The holder of the held or claimed events.
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
  // Removes the held events in [first, last]; splits ranges that reach beyond.
  std::vector<Held> TakeHeld(InstanceEvents& events, storage::Cursor first, storage::Cursor last);
  void AddHeld(InstanceEvents& events, const Held& held);
  void RemoveHeld(InstanceEvents& events, const Held& held);
  void CountRemovedHeld(InstanceEvents& events, const Held& held);
  // Adds the events of `waiting` that are not already unsettled, merged into an equal neighbour if there is one.
  void AddWaiting(InstanceEvents& events, const Waiting& waiting);
  void AddWaitingPart(InstanceEvents& events, Waiting waiting);
  void EraseWaiting(InstanceEvents& events, storage::Cursor last);
  // The parts of (after, last] that are not already unsettled.
  std::vector<std::pair<storage::Cursor, storage::Cursor>> FreeParts(const InstanceEvents& events,
                                                                     storage::Cursor after, storage::Cursor last) const;
  void Fail(storage::InstanceNumber instance, InstanceEvents& events, const Held& held, SteadyTime due,
            absl::string_view reason);
  // Whether an event that failed and was handed over again holds back others of its instance.
  bool HeldAgainHoldsBack(const InstanceEvents& events) const { return !overtake_ && events.held_failed > 0; }
  void AddParking(storage::InstanceNumber instance, const Held& held, absl::string_view reason);
  // Moves the position at least to the end of this part of the feed.
  void Touch(uint64_t fed_number);
  // After any change of an instance: keeps `due_` and the table in step. `events` may be gone afterwards.
  void Tidy(storage::InstanceNumber instance, InstanceEvents& events);

  uint32_t attempts_max_;
  bool overtake_;
  absl::flat_hash_map<uint64_t, InstanceEvents> instances_;  // By number; only those with anything unsettled.
  // Instances with a waiting event that could be claimed, by when it is due.
  absl::btree_set<std::pair<SteadyTime, uint64_t>> due_;

  FeedPosition fed_;
  FeedPosition position_;
  uint64_t position_number_ = 0;  // The number of the last part of the feed that `position_` covers.
  std::deque<Fed> untouched_;     // The parts after `position_`.
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
