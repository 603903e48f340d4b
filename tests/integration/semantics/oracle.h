// Oracle: what must be true of consumers, given what publishers, holders and operators were told. It knows nothing of
// how the broker works.
#ifndef PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_ORACLE_H_
#define PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_ORACLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace playhead::testing {

// Identifies an event: instance and cursor.
using EventKey = std::pair<std::string, uint64_t>;

// Thread safety: all methods may be called from any thread. A broken rule fails the test.
class Oracle {
 public:
  struct Appended {
    std::string type;
    std::string data;
  };

  // A publisher was told that the event is stored.
  void OnAppended(const EventKey& event, Appended appended) ABSL_LOCKS_EXCLUDED(mu_);
  // The instance was, or is about to be, deleted: none of its events need be delivered any more.
  void OnDeleted(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  // The event is about to be erased: a stub may be delivered in its place.
  void OnErasing(const EventKey& event) ABSL_LOCKS_EXCLUDED(mu_);

  // Adds a consumer that wants the events for which `wants` is true.
  void AddConsumer(const std::string& consumer, std::function<bool(const EventKey&, const Appended&)> wants)
      ABSL_LOCKS_EXCLUDED(mu_);
  // The position is about to be reset to the beginning: all events may be redelivered from now on.
  void OnResetting(const std::string& consumer) ABSL_LOCKS_EXCLUDED(mu_);
  // The reset was `done`, or its outcome is unknown. If it was, settlements on streams that began before it do not
  // count.
  void OnReset(const std::string& consumer, bool done) ABSL_LOCKS_EXCLUDED(mu_);
  // These events, which the consumer lists as parked, are about to be requeued: they are redelivered, in any order
  // relative to others. Checks that none is listed twice.
  void OnRequeue(const std::string& consumer, const std::vector<EventKey>& parked) ABSL_LOCKS_EXCLUDED(mu_);

  // One holder's stream. Not thread-safe.
  class Stream {
   public:
    // Rule 1: an event whose settlement was confirmed before this stream began, or on it, is not delivered.
    // Rule 2: events that are new to the stream come in the order of their instance, except those that were ever
    // parked. Rule 3: an event is what was appended.
    void OnDelivered(const EventKey& event, const std::string& type, const std::string& data);
    // An acknowledgement, or a request to park, is about to be sent; or was refused.
    void OnSettling(const EventKey& event);
    void OnRefused(const EventKey& event);
    // An acknowledgement was confirmed.
    void OnConfirmed(const EventKey& event);
    void OnParked(const EventKey& event);
    // The consumer was told that the events in (after, last] can no longer be read. Nothing is trimmed, so this breaks
    // a rule.
    void OnGap(const std::string& instance, uint64_t after, uint64_t last) const;

   private:
    friend class Oracle;
    Stream(Oracle& oracle, std::string consumer, uint64_t began, uint64_t generation)
        : oracle_(oracle), consumer_(std::move(consumer)), began_(began), generation_(generation) {}

    Oracle& oracle_;
    const std::string consumer_;
    const uint64_t began_;       // By the oracle's clock, before the stream was opened.
    const uint64_t generation_;  // Of the consumer, then.
    std::set<EventKey> seen_;
    std::set<EventKey> confirmed_here_;
    std::map<std::string, uint64_t> newest_seen_;
  };

  // Call before the stream is opened.
  Stream Begin(const std::string& consumer) ABSL_LOCKS_EXCLUDED(mu_);

  // Rule 4, for when a consumer says that nothing is left: every event that it wants, and that must be delivered, was
  // settled by a holder, though that may not have been confirmed.
  void ExpectNothingLost(const std::string& consumer) ABSL_LOCKS_EXCLUDED(mu_);

  size_t appended_count() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t delivered_count() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t confirmed_count() const ABSL_LOCKS_EXCLUDED(mu_);
  // The acknowledged events of an instance.
  std::map<uint64_t, Appended> events_of(const std::string& instance) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Consumer {
    std::function<bool(const EventKey&, const Appended&)> wants;
    uint64_t generation = 0;  // Rises when a reset begins, and when its answer is there.
    // How many settlements of an event may have taken effect, by the generation in which their stream began.
    std::map<EventKey, std::map<uint64_t, int>> settling;
    std::map<EventKey, uint64_t> confirmed;  // And when the broker confirmed it.
    std::set<EventKey> ever_parked;
  };

  mutable absl::Mutex mu_;  // Guards the members below it.
  uint64_t clock_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<EventKey, Appended> appended_ ABSL_GUARDED_BY(mu_);
  std::set<EventKey> erased_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Consumer> consumers_ ABSL_GUARDED_BY(mu_);
  uint64_t delivered_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t confirmed_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_ORACLE_H_
