// Positions of a log as clients of this dialect hold them.
//
// A position is a storage::EventId. Part 0 says that all of the event was seen, so that a cursor of any other protocol
// is a position here and the other way round; an event that renders as n frames numbers them 1, 2, ... n-1, 0, and a
// position with part k > 0 says that only the first k of them were seen.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_CURSOR_TEXT_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_CURSOR_TEXT_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/event_log.h"

namespace playhead::broker::photon {

using Position = storage::EventId;

// Whether `a` has seen less of its log than `b`.
bool IsBefore(const Position& a, const Position& b);

// `evt_` and its 26 characters, or a cursor in decimal, as the native API writes it: then the instance number is the
// default one, which names none. nullopt for anything else. (EventId::ToString is the inverse.)
std::optional<Position> ParseCursorText(absl::string_view text);

// Where reading goes on for a client that holds a position.
struct Resume {
  storage::Cursor after;  // Reading starts behind this ...
  Position position;      // ... and with the first frame behind this, which may be a later one of the first event.
  bool replaced = false;  // The client's position is none of this log, or older than what is kept.
};

// Since the client would take an error for "nothing was missed", a position that is not of this log, or is older than
// the first kept event, becomes the one before the first kept event.
Resume ResumeAt(const storage::Instance& instance, const Position& position);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_CURSOR_TEXT_H_
