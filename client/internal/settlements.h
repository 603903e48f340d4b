// Settlements: the deliveries of one Consume stream that are not settled, and the settlements that are not confirmed.
//
// Pure bookkeeping: no I/O, no clock, no lock. Not thread-safe.
#ifndef PLAYHEAD_CLIENT_INTERNAL_SETTLEMENTS_H_
#define PLAYHEAD_CLIENT_INTERNAL_SETTLEMENTS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "client/delivery.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead::internal {

// Called with the outcome of a settlement: OK once it is on disk.
using SettledCallback = std::function<void(const absl::Status&)>;

// Settlements list their cursors and never say "everything up to": while such a settlement was in flight, a redelivered
// event could be in flight the other way, and would be settled unseen.
class Settlements {
 public:
  // A callback and its argument, to be called when no lock is held.
  struct Told {
    SettledCallback done;
    absl::Status status;
  };

  // The broker's limits for one request.
  static constexpr size_t kSettlementsMax = 1000;
  static constexpr size_t kCursorsMax = 10'000;

  // Adds deliveries that were received.
  void Hold(const DeliveryBatch& batch);

  // The held cursors of the source up to and including `cursor`, in order.
  std::vector<uint64_t> HeldUpTo(const DeliverySource& source, uint64_t cursor) const;

  // Queues `action` (a v1::Settlement without its instance and cursors) for those of `cursors` that are held, and stops
  // holding them unless it is in_progress. If none is held, returns false and leaves `done` alone.
  bool Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors, const v1::Settlement& action,
              SettledCallback& done);

  // Queues an extension of the deadline for everything that is held.
  void ExtendAll();

  bool has_unsent() const { return !unsent_.empty(); }
  // Whether nothing waits to be sent or confirmed.
  bool idle() const { return unsent_.empty() && unconfirmed_.empty(); }
  // Whether callbacks wait for the outcome of a settlement.
  bool awaited() const { return callbacks_ > 0; }
  // Takes the next request from the unsent settlements. REQUIRES: has_unsent().
  v1::ConsumeRequest TakeRequest();

  // Handle the broker's notices; callbacks that are due are added to `told`.
  void OnConfirmed(uint64_t up_to_number, std::vector<Told>& told);
  void OnRefused(const v1::ConsumeResponse::Refused& refused);

  // The stream has ended: drops what is held and fails unconfirmed settlements with `status`. Returns whether there
  // were any.
  bool Reset(const absl::Status& status, std::vector<Told>& told);

 private:
  using Key = std::pair<std::string, std::string>;  // Instance and replay id.

  struct Waiting {
    std::vector<uint64_t> cursors;
    SettledCallback done;
    absl::Status refusal;
  };
  struct Queued {
    v1::Settlement settlement;
    std::vector<Waiting> waiting;  // Only settlements with a callback.
  };
  struct Sent {
    uint64_t number;
    std::vector<std::vector<Waiting>> waiting;  // By the index of the settlement.
  };

  static Key KeyOf(const DeliverySource& source) { return {source.instance, source.replay_id}; }
  // Whether the settlement at the back of the queue can take cursors of this one.
  bool JoinsLast(const v1::Settlement& settlement) const;

  absl::btree_map<Key, std::deque<uint64_t>> held_;  // Cursors in order.
  std::deque<Queued> unsent_;
  std::deque<Sent> unconfirmed_;
  uint64_t next_number_ = 1;
  size_t callbacks_ = 0;  // Callbacks that wait for an outcome.
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_SETTLEMENTS_H_
