// Delivery and DeliveryBatch: events as a consumer gets them. Like Event and EventBatch, they point into the message in
// which they were received.
//
// Thread safety: immutable after they are handed out; copies may be used from any thread.
#ifndef PLAYHEAD_CLIENT_DELIVERY_H_
#define PLAYHEAD_CLIENT_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/event.h"

namespace playhead {

// What the deliveries of one message have in common.
struct DeliverySource {
  std::string instance;
  bool replayed = false;  // Sent by an operator's replay; does not move the consumer's position.
  std::string replay_id;
  uint64_t stream = 0;  // Which of the consumer's streams delivered them: they are settled on that stream, or
                        // redelivered.
};

// One event and its delivery attempt. Copying only adds references. REQUIRES, except for copying: not
// default-constructed.
class Delivery {
 public:
  Delivery() = default;
  Delivery(Event event, uint32_t attempt, std::shared_ptr<const DeliverySource> source)
      : event_(std::move(event)), attempt_(attempt), source_(std::move(source)) {}

  const Event& event() const { return event_; }
  const std::string& instance() const { return source_->instance; }
  // The delivery attempt, counted from 1.
  uint32_t attempt() const { return attempt_; }
  bool replayed() const { return source_->replayed; }
  const std::string& replay_id() const { return source_->replay_id; }
  const DeliverySource& source() const { return *source_; }

 private:
  Event event_;
  uint32_t attempt_ = 1;
  std::shared_ptr<const DeliverySource> source_;  // nullptr if empty.
};

// Deliveries of one instance, in the order in which they arrived: that of the log, unless some are redelivered.
// REQUIRES, for instance(), replayed() and source(): !empty().
class DeliveryBatch {
 public:
  DeliveryBatch() = default;
  // `attempts` is empty if this is the first attempt for every event; otherwise it has one entry for each of `events`.
  DeliveryBatch(EventBatch events, std::vector<uint32_t> attempts, std::shared_ptr<const DeliverySource> source)
      : events_(std::move(events)), attempts_(std::move(attempts)), source_(std::move(source)) {}

  bool empty() const { return events_.empty(); }
  size_t size() const { return events_.size(); }
  const EventView* begin() const { return events_.begin(); }
  const EventView* end() const { return events_.end(); }
  const EventView& operator[](size_t i) const { return events_[i]; }
  uint32_t attempt(size_t i) const { return attempts_.empty() ? 1 : attempts_[first_ + i]; }
  const std::string& instance() const { return source_->instance; }
  bool replayed() const { return source_->replayed; }
  const DeliverySource& source() const { return *source_; }

  // Delivery `i` on its own: outlives the batch.
  Delivery delivery(size_t i) const { return Delivery(events_.event(i), attempt(i), source_); }

  // Removes the first `count` deliveries and returns them. REQUIRES: count <= size().
  DeliveryBatch TakeFront(size_t count) {
    DeliveryBatch front(events_.TakeFront(count), {}, source_);
    if (!attempts_.empty()) {
      const auto from = attempts_.begin() + static_cast<std::ptrdiff_t>(first_);
      front.attempts_.assign(from, from + static_cast<std::ptrdiff_t>(count));
    }
    first_ += count;
    return front;
  }

 private:
  EventBatch events_;
  std::vector<uint32_t> attempts_;
  size_t first_ = 0;                              // Attempts before this index belong to events that were removed.
  std::shared_ptr<const DeliverySource> source_;  // nullptr if empty.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_DELIVERY_H_
