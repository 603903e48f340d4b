// Where a reader starts, in the words of the contract, and what that means for a log at a moment.
#ifndef PLAYHEAD_BROKER_START_POSITION_H_
#define PLAYHEAD_BROKER_START_POSITION_H_

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
// Behind a position in the order of the store: for readers of many instances.
struct AfterPosition {
  storage::StorePosition position;
};
using StartPosition = std::variant<AfterCursor, FromBeginning, FromNow, FromTime>;

// InvalidArgument (START_REQUIRED) if `start` says nothing.
absl::StatusOr<StartPosition> ToStartPosition(const v1::Start& start);

// Finds the cursor behind which reading starts. A cursor that a client gave is passed on unchecked. `done` runs inside
// the call or on a thread of the log.
void ResolveStart(storage::EventLog& log, const std::shared_ptr<storage::Instance>& instance,
                  const StartPosition& start, storage::Callback<storage::Cursor> done);

// Events that existed and can no longer be read: those in (after, last].
struct Gap {
  storage::Cursor after;
  storage::Cursor last;
  uint64_t event_count = 0;
};

// Checks a position against what is kept. nullopt if reading can go on there; a gap to be told, behind which reading
// goes on, if events behind `after` were trimmed and `allow_gap` is set.
//   OutOfRange  CURSOR_TRIMMED, CURSOR_DIVERGED: as LogBounds::CheckStart.
absl::StatusOr<std::optional<Gap>> CheckPosition(const storage::LogBounds& bounds, storage::Cursor after,
                                                 bool allow_gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_START_POSITION_H_
