// The public description of a consumer.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_INFO_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_INFO_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/consumers/consumer_config.h"
#include "broker/consumers/feed_position.h"
#include "broker/consumers/holder.h"
#include "storage/cursor.h"
#include "storage/event_log.h"
#include "storage/types.h"

namespace playhead::broker {

struct EventCount {
  enum class Kind { kExact, kAtMost, kAtLeast };
  uint64_t events = 0;
  Kind kind = Kind::kExact;
};

struct HolderInfo {
  std::string key_id;
  storage::Timestamp since;
  uint32_t in_flight = 0;
  uint32_t in_flight_max = 0;
};

struct ConsumerInfo {
  ConsumerConfig config;
  storage::Timestamp created_at;
  FeedPosition position;          // The durable position.
  EventCount lag;                 // Events after the position.
  uint64_t unsettled_events = 0;  // Exceptions: at or before the position.
  size_t exception_ranges = 0;
  uint32_t in_flight = 0;
  uint64_t parked_events = 0;
  std::vector<HolderInfo> holders;
  ConsumerPause pause = ConsumerPause::kNone;
};

// What a reset does, or would do.
struct ResetResult {
  bool one_instance = false;  // The positions are of one instance.
  FeedPosition from;
  FeedPosition to;
  EventCount again;       // Settled events that are redelivered.
  EventCount skipped;     // Unsettled events that are skipped.
  uint64_t unparked = 0;  // Parked events among the redelivered ones: they leave the parked list.
};

// A row of a consumer's parked list.
struct ParkedRow {
  uint64_t number = 0;
  std::string instance;
  storage::InstanceNumber instance_number;
  storage::Cursor cursor;
  uint32_t attempts = 0;
  std::string reason;
  storage::Timestamp parked_at;
};

// Selects parked events: those with `numbers`, which need not exist; or, if `numbers` is empty, the `oldest` ones.
struct ParkedSelection {
  std::vector<uint64_t> numbers;
  uint32_t oldest = 0;
};

// Extra deliveries for an operator's replay: they affect only the replay.
struct ConsumerReplay {
  std::string consumer;
  std::string replay_id;  // Not empty; unique among the running replays of a consumer.
  std::shared_ptr<storage::Instance> instance;
  storage::Cursor after;  // Events of the instance in (after, last], as many as the consumer's filter lets through.
  storage::Cursor last;
};

struct ReplayOutcome {
  uint64_t acked = 0;
  uint64_t parked = 0;  // Failed too often, or parked by the holder: they are in the parked list.
};

struct ParkedResult {
  uint64_t taken = 0;  // Requeued or dropped, or would be.
  uint64_t left = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_INFO_H_
