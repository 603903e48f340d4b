// Settlements: what one Consume stream was handed and has not settled, and what was settled and is not confirmed.
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

// Hears what became of a settlement: OK when it is on disk.
using SettledCallback = std::function<void(const absl::Status&)>;

// Settlements go out as cursors, one by one, and never as "everything up to": an event that comes again may be on its
// way here while such a settlement is on its way there, and would be settled unseen.
class Settlements {
 public:
  // A callback and what to tell it, for when no lock is held.
  struct Told {
    SettledCallback done;
    absl::Status status;
  };

  // The broker's bounds on one request.
  static constexpr size_t kSettlementsMax = 1000;
  static constexpr size_t kCursorsMax = 10'000;

  // These were handed over.
  void Hold(const DeliveryBatch& batch);

  // What is held of the source up to and including `cursor`, in their order.
  std::vector<uint64_t> HeldUpTo(const DeliverySource& source, uint64_t cursor) const;

  // Queues `action` (all of a v1::Settlement but what it names) for those of `cursors` that are held; unless it is
  // in_progress they are held no more. False, and `done` is not taken, if none is.
  bool Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors, const v1::Settlement& action,
              SettledCallback& done);

  // Queues an extension of the deadline for everything that is held.
  void ExtendAll();

  bool has_unsent() const { return !unsent_.empty(); }
  // Nothing waits to be sent or confirmed.
  bool idle() const { return unsent_.empty() && unconfirmed_.empty(); }
  // Somebody waits to hear of a settlement.
  bool awaited() const { return callbacks_ > 0; }
  // The next request, of what is unsent. REQUIRES: has_unsent().
  v1::ConsumeRequest TakeRequest();

  // What the broker says; callbacks that are due are added to `told`.
  void OnConfirmed(uint64_t up_to_number, std::vector<Told>& told);
  void OnRefused(const v1::ConsumeResponse::Refused& refused);

  // The stream is over: nothing is held, and what was not confirmed fails with `status`. Whether anything did.
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
    std::vector<Waiting> waiting;  // Only those who want to hear.
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
  size_t callbacks_ = 0;  // That are to be called.
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_SETTLEMENTS_H_
