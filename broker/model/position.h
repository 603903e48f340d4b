// Positions of a log as clients of dialects hold them: the same text means the same place in every dialect.
//
// A position is a storage::EventId. Part 0 says that all of the event was seen, so that a cursor of any other protocol
// is a position here and the other way round. What one event says may take several frames; then a position with part
// k > 0 says that only its first k steps were seen. The steps of an event do not depend on the dialect that shows it
// (broker/model/rendering.h), so that such a position, too, is good in another.
#ifndef PLAYHEAD_BROKER_MODEL_POSITION_H_
#define PLAYHEAD_BROKER_MODEL_POSITION_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker::model {

using Position = storage::EventId;

// Whether `a` has seen less of its log than `b`.
bool IsBefore(const Position& a, const Position& b);

// `evt_` and its 26 characters, or a cursor in decimal, as the native API writes it: then the instance number is the
// default one, which names none. nullopt for anything else. (EventId::ToString is the inverse.)
std::optional<Position> ParsePosition(absl::string_view text);

// Where reading goes on for a client that holds a position.
struct Resume {
  storage::Cursor after;  // Reading starts behind this ...
  Position position;      // ... and with the first frame behind this, which may be a later one of the first event.
  bool replaced = false;  // The client's position is none of this log, or older than what is kept.
};

// For clients that know no error that would tell them of missing history, or take one for "nothing was missed": a
// position that is not of this log, or is older than the first kept event, becomes the one before the first kept event.
Resume ResumeAt(const storage::Instance& instance, const Position& position);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_POSITION_H_
