// Cursors: an event's position in its log, as a number and as text; and the history of a log's epochs.
#ifndef PLAYHEAD_STORAGE_CURSOR_H_
#define PLAYHEAD_STORAGE_CURSOR_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/types.h"

namespace playhead::storage {

// `epoch << 40 | sequence`. The sequence starts at 1, has no holes and continues across epochs, so counts are
// differences; in epoch 0 cursors are simply 1, 2, 3. The epoch exists so that a cursor never means two different
// events: it rises when acknowledged history may have been lost (restore, truncation, deletion of the name).
// The value 0 means "seen nothing". Values stay below 2^53, so that a JSON number represents them exactly.
class Cursor {
 public:
  static constexpr int kSequenceBits = 40;
  static constexpr uint64_t kSequenceMax = (uint64_t{1} << kSequenceBits) - 1;
  static constexpr uint32_t kEpochMax = 8191;

  constexpr Cursor() = default;
  explicit constexpr Cursor(uint64_t value) : value_(value) {}
  constexpr Cursor(uint32_t epoch, uint64_t sequence) : value_(uint64_t{epoch} << kSequenceBits | sequence) {}

  constexpr uint64_t value() const { return value_; }
  constexpr uint32_t epoch() const { return static_cast<uint32_t>(value_ >> kSequenceBits); }
  constexpr uint64_t sequence() const { return value_ & kSequenceMax; }
  // Whether the value can be a cursor, that is, whether its epoch is within bounds.
  constexpr bool valid() const { return value_ >> kSequenceBits <= kEpochMax; }

  // The cursor `count` events later in the same epoch. REQUIRES: the sequence does not overflow.
  constexpr Cursor operator+(uint64_t count) const { return Cursor(value_ + count); }

  friend constexpr auto operator<=>(Cursor, Cursor) = default;

 private:
  uint64_t value_ = 0;
};

// A position as text, unique over all instances of a store: `evt_` and 26 Crockford base-32 characters over the
// instance number (48 bits), the cursor (64) and the part (16; the index of a frame, where a dialect renders one event
// as several frames).
struct EventId {
  InstanceNumber instance;
  Cursor cursor;
  uint16_t part = 0;

  friend bool operator==(const EventId&, const EventId&) = default;

  std::string ToString() const;
  // Accepts lower case and Crockford's look-alikes (i, l for 1; o for 0). nullopt for anything else.
  static std::optional<EventId> Parse(absl::string_view text);
};

// The past epochs of a log, and where each ended. Most logs have had only one epoch, and store nothing here.
class EpochHistory {
 public:
  struct End {
    uint32_t epoch;
    uint64_t last_sequence;  // The last sequence of that epoch; the next epoch starts after it.
  };

  EpochHistory() = default;

  // Records that `epoch` ended at `last_sequence`. REQUIRES: epochs increase, sequences do not decrease.
  void Add(uint32_t epoch, uint64_t last_sequence) { ends_.push_back({epoch, last_sequence}); }

  // The last cursor up to which the history of a reader at `cursor` agrees with a log whose head is `head`: `cursor`
  // itself if it belongs to this log, else the end of its epoch, or of the last epoch before that.
  Cursor LastGood(Cursor cursor, Cursor head) const;

  // The cursor right before `cursor`, across epochs; Cursor() before the first event.
  Cursor Previous(Cursor cursor) const;

  // The cursor with this sequence in a log whose head is `head`. REQUIRES: sequence <= head.sequence().
  Cursor AtSequence(uint64_t sequence, Cursor head) const;

  const std::vector<End>& ends() const { return ends_; }

 private:
  std::vector<End> ends_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_CURSOR_H_
