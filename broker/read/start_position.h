// Where a reader starts, as a request says it, and the corresponding position in a log.
#ifndef PLAYHEAD_BROKER_READ_START_POSITION_H_
#define PLAYHEAD_BROKER_READ_START_POSITION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "playhead/v1/event_log.pb.h"
#include "storage/event_log.h"
#include "storage/store_position.h"

namespace playhead::broker {

struct AfterCursor {
  storage::Cursor cursor;
};
struct FromBeginning {};
struct FromNow {};
struct FromTime {
  storage::Timestamp time;
};
// After a position in the order of the store: for readers of many instances.
struct AfterPosition {
  storage::StorePosition position;
};
using StartPosition = std::variant<AfterCursor, FromBeginning, FromNow, FromTime>;

// InvalidArgument (START_REQUIRED) if `start` is not set.
absl::StatusOr<StartPosition> ToStartPosition(const v1::Start& start);

// Finds the cursor after which reading starts. A cursor given by a client is returned unchecked. `done` runs inside the
// call or on a thread of the log.
void ResolveStart(storage::EventLog& log, const std::shared_ptr<storage::Instance>& instance,
                  const StartPosition& start, storage::Callback<storage::Cursor> done);

// Events that existed and can no longer be read: those in (after, last].
struct Gap {
  storage::Cursor after;
  storage::Cursor last;
  uint64_t event_count = 0;
};

// Checks a position against the kept events. nullopt if reading can continue there; if events after `after` were
// trimmed and `allow_gap` is set, the gap to report, after which reading continues.
//   OutOfRange  CURSOR_TRIMMED, CURSOR_DIVERGED: as LogBounds::CheckStart.
absl::StatusOr<std::optional<Gap>> CheckPosition(const storage::LogBounds& bounds, storage::Cursor after,
                                                 bool allow_gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_START_POSITION_H_
