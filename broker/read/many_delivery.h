// The deliveries that a subscription to many instances hands to a protocol, one at a time: the counterpart of
// broker/read/delivery.h.
#ifndef PLAYHEAD_BROKER_READ_MANY_DELIVERY_H_
#define PLAYHEAD_BROKER_READ_MANY_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "broker/read/delivery.h"
#include "storage/block.h"
#include "storage/event_log.h"
#include "storage/store_position.h"

namespace playhead::broker {

// Always the first: the stream carries the events after `position`.
struct ManyStarted {
  storage::StorePosition position;
};

// Events of one instance, in order. Of a slice, only `bytes` and `event_count` are meaningful; its block keeps the
// bytes alive.
struct ManyEvents {
  std::shared_ptr<storage::Instance> instance;
  std::vector<storage::BlockSlice> slices;
  size_t bytes = 0;
  uint32_t event_count = 0;
  storage::Cursor last;             // Everything of the instance up to here was handed over or filtered out.
  storage::StorePosition position;  // The same for all instances.
  // The next delivery is available, too: a transport may put both into one message. Their memory stays accounted for
  // until Next is called after the last of them.
  bool more = false;
};

// Delivered once, when the end of the store is first reached: everything up to `position` was handed over or filtered
// out.
struct ManyCaughtUp {
  storage::StorePosition position;
};

// Nothing else was due for a while. Everything up to `position` was handed over or filtered out.
struct ManyHeartbeat {
  storage::StorePosition position;
};

// Events of an instance that existed and can no longer be read: those in (after, last].
struct ManyGap {
  // nullptr: the commits are no longer listed this far back, so it is unknown which instances have missing events, and
  // whether any are missing.
  std::shared_ptr<storage::Instance> instance;
  storage::Cursor after;
  storage::Cursor last;
  uint64_t event_count = 0;  // 0 if `instance` is nullptr.
  storage::StorePosition position;

  bool count_known() const { return instance != nullptr; }
};

// Closed, of broker/read/delivery.h, is always the last.
using ManyDelivery = std::variant<ManyStarted, ManyEvents, ManyCaughtUp, ManyHeartbeat, ManyGap, Closed>;

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_MANY_DELIVERY_H_
