// The bounds of replays.
#ifndef PLAYHEAD_BROKER_REPLAY_LIMITS_H_
#define PLAYHEAD_BROKER_REPLAY_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace playhead::broker::replay {

// Plans that are being made, and counts before a start: each reads the log with one read at a time.
inline constexpr size_t kPlansMax = 4;
// Replays that have not ended, paused ones included: beyond that, REPLAYS_LIMIT.
inline constexpr size_t kOpenMax = 16;
// Those that have ended are listed for this long, and no more than this many of them.
inline constexpr absl::Duration kEndedKept = absl::Hours(24 * 7);
inline constexpr size_t kEndedMax = 100;

// Instances with events in one replay: its ranges and its row fit one write to the store.
inline constexpr size_t kRangesMax = 4'000;
inline constexpr size_t kRangesPerRow = 250;
// Types that a plan tells apart.
inline constexpr size_t kTypesMax = 1'000;
inline constexpr int kInstancesShownMax = 10;

inline constexpr uint32_t kRateDefault = 100;
inline constexpr uint32_t kRateMax = 100'000;

// What a replay has read and not yet sent: at most this much (one event may be larger), and never for longer than a
// read may be old, so that what is erased meanwhile is not sent.
inline constexpr size_t kReadBytesMax = size_t{256} << 10;
inline constexpr uint32_t kReadEventsMax = 1'000;
inline constexpr absl::Duration kReadAgeMax = absl::Seconds(1);

// How far a replay got is written this often at most: after a crash, what was confirmed since is sent again.
inline constexpr absl::Duration kSaveInterval = absl::Milliseconds(250);

// Attempts to send one event to an endpoint, before the replay pauses; and the time between them, which doubles.
inline constexpr int kAttemptsMax = 8;
inline constexpr absl::Duration kRetryDelayMin = absl::Milliseconds(250);
inline constexpr absl::Duration kRetryDelayMax = absl::Seconds(30);
// One attempt, from connecting to the end of the answer. A look-up of the host's name before it has the system's own.
inline constexpr absl::Duration kAttemptTimeout = absl::Seconds(30);
// Of an answer: its headers, and as much of its body as is read to keep the connection.
inline constexpr uint32_t kAnswerHeaderBytesMax = 16 << 10;
inline constexpr uint64_t kAnswerBodyBytesMax = 64 << 10;

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_LIMITS_H_
