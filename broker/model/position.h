// Positions in a log as held by clients of dialects: the same text means the same place in every dialect.
//
// A position is a storage::EventId. Part 0 means that the whole event was seen, so a cursor of any other protocol is a
// position here, and vice versa. An event may take several frames; a position with part k > 0 means that only the first
// k steps of the event were seen. The steps of an event do not depend on the dialect (broker/model/rendering.h), so
// such a position is valid in every dialect, too.
#ifndef PLAYHEAD_BROKER_MODEL_POSITION_H_
#define PLAYHEAD_BROKER_MODEL_POSITION_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker::model {

using Position = storage::EventId;

// Whether `a` has seen less of the log than `b`.
bool IsBefore(const Position& a, const Position& b);

// Accepts `evt_` and 26 characters (the inverse is EventId::ToString), or a decimal cursor as in the native API, whose
// position gets the default instance number, which means none. nullopt for anything else.
std::optional<Position> ParsePosition(absl::string_view text);

// Where reading continues for a client that holds a position.
struct Resume {
  storage::Cursor after;  // Reading starts after this cursor ...
  Position position;      // ... with the first frame after this position, perhaps in the middle of an event.
  bool replaced = false;  // The client's position is not of this log, or was trimmed.
};

// For clients whose protocol has no error for missing history, or that take such an error for "nothing was missed": a
// position that is not of this log, or is before the first kept event, becomes the position just before the first kept
// event.
Resume ResumeAt(const storage::Instance& instance, const Position& position);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_POSITION_H_
