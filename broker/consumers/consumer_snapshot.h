// The durable part of a consumer's state: a position, and the exceptions at or before it.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_SNAPSHOT_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_SNAPSHOT_H_

#include <cstdint>
#include <vector>

#include "broker/consumers/feed_position.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker {

// Unsettled events of one instance in (after, last] that the consumer's filter lets through.
struct UnsettledRange {
  storage::InstanceNumber instance;
  storage::Cursor after;
  storage::Cursor last;
  uint32_t event_count = 0;  // Exact, unless events were trimmed or erased since.
  uint32_t failures = 0;     // How many attempts failed, for each of them.

  friend bool operator==(const UnsettledRange&, const UnsettledRange&) = default;
};

// Everything up to `position` is settled, except `unsettled`; nothing after it is.
struct ConsumerSnapshot {
  FeedPosition position;
  std::vector<UnsettledRange> unsettled;  // Disjoint; by instance, then cursor.

  friend bool operator==(const ConsumerSnapshot&, const ConsumerSnapshot&) = default;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_SNAPSHOT_H_
