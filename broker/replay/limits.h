// The bounds of replays.
#ifndef PLAYHEAD_BROKER_REPLAY_LIMITS_H_
#define PLAYHEAD_BROKER_REPLAY_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace playhead::broker::replay {

// The maximum number of plans in progress, including counts before a start. Each reads the log with one read at a time.
inline constexpr size_t kPlansMax = 4;
// The maximum number of replays that have not ended, including paused ones; beyond that, REPLAYS_LIMIT.
inline constexpr size_t kOpenMax = 16;
// Ended replays are listed for this long, and at most this many of them.
inline constexpr absl::Duration kEndedKept = absl::Hours(24 * 7);
inline constexpr size_t kEndedMax = 100;

// The maximum number of instances with events in one replay: its ranges and its row fit into one write to the store.
inline constexpr size_t kRangesMax = 4'000;
inline constexpr size_t kRangesPerRow = 250;
// The maximum number of types that a plan counts separately.
inline constexpr size_t kTypesMax = 1'000;
inline constexpr int kInstancesShownMax = 10;

inline constexpr uint32_t kRateDefault = 100;
inline constexpr uint32_t kRateMax = 100'000;

// A replay holds at most this much that was read and not yet sent (one event may be larger), and never for longer than
// the maximum age of a read, so that events erased since are not sent.
inline constexpr size_t kReadBytesMax = size_t{256} << 10;
inline constexpr uint32_t kReadEventsMax = 1'000;
inline constexpr absl::Duration kReadAgeMax = absl::Seconds(1);

// How often, at most, the progress of a replay is written: after a crash, events confirmed since then are sent again.
inline constexpr absl::Duration kSaveInterval = absl::Milliseconds(250);

// The number of attempts to send one event to an endpoint before the replay pauses; and the time between them, which
// doubles.
inline constexpr int kAttemptsMax = 8;
inline constexpr absl::Duration kRetryDelayMin = absl::Milliseconds(250);
inline constexpr absl::Duration kRetryDelayMax = absl::Seconds(30);
// The timeout of one attempt, from connecting to the end of the answer. The look-up of the host's name before that has
// the system's own timeout.
inline constexpr absl::Duration kAttemptTimeout = absl::Seconds(30);
// Bounds on an answer: its headers, and how much of its body is read in order to keep the connection.
inline constexpr uint32_t kAnswerHeaderBytesMax = 16 << 10;
inline constexpr uint64_t kAnswerBodyBytesMax = 64 << 10;

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_LIMITS_H_
