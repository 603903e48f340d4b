// The deliveries that a subscription hands to a protocol, one at a time.
#ifndef PLAYHEAD_BROKER_READ_DELIVERY_H_
#define PLAYHEAD_BROKER_READ_DELIVERY_H_

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "broker/read/start_position.h"
#include "storage/block.h"
#include "storage/cursor.h"

namespace playhead::broker {

// Always the first: the stream carries the events after `cursor`. `first` and `head` are the log's at the start of the
// stream.
struct Started {
  storage::Cursor cursor;
  storage::Cursor first;
  storage::Cursor head;
};

// Events in order. Of a slice, only `bytes` and `event_count` are meaningful; its block keeps the bytes alive.
struct Events {
  std::vector<storage::BlockSlice> slices;
  size_t bytes = 0;
  uint32_t event_count = 0;
  storage::Cursor last;  // Everything up to here was handed over or filtered out.
};

// Delivered once, when the end of the log is first reached: everything up to `cursor` was handed over or filtered out.
struct CaughtUp {
  storage::Cursor cursor;
};

// Nothing else was due for a while. Everything up to `cursor` was handed over or filtered out.
struct Heartbeat {
  storage::Cursor cursor;
  storage::Cursor head;
};

// Always the last, and never Ok.
struct Closed {
  absl::Status status;
};

using Delivery = std::variant<Started, Events, CaughtUp, Heartbeat, Gap, Closed>;

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_DELIVERY_H_
