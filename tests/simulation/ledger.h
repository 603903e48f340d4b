// Ledger: what a store was asked for and what it answered, as a value that can be copied. It knows nothing of how
// storage works.
#ifndef PLAYHEAD_TESTS_SIMULATION_LEDGER_H_
#define PLAYHEAD_TESTS_SIMULATION_LEDGER_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/cursor.h"
#include "storage/event_log.h"
#include "tests/simulation/event_name.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

// A moment: what was answered before it must be seen by whoever asks behind it.
struct Moment {
  uint64_t at = 0;
  std::map<std::string, uint64_t> records;  // Acknowledged values.
};

// Times are numbers of a clock that ticks with everything that is noted: of two moments the later has the higher one.
struct Ledger {
  struct Submitted {
    TestEvent event;
    uint64_t at = 0;  // The first time.
  };

  // One instance's name, in its present life.
  struct Log {
    uint64_t life = 0;
    uint64_t since = 0;     // When this life began.
    bool deleting = false;  // It may be there or not, and nothing is asked of it.
    std::map<EventName, Submitted> submitted;
    std::map<uint64_t, std::string> known;      // Data of each cursor that was ever acknowledged or read, in any life.
    std::map<uint64_t, uint64_t> acknowledged;  // When first, by cursor.
    std::set<uint64_t> erasing;                 // Cursors.
    std::map<uint64_t, uint64_t> erased;        // When that was answered, by cursor.
    uint64_t may_be_trimmed = 0;                // Below this cursor.
    std::map<uint64_t, uint64_t> trimmed;       // The first cursor to keep, by when that was answered.

    // Below this everything was trimmed at that moment.
    uint64_t TrimmedAt(uint64_t moment) const;
    // Whether what was asked for at that moment is to be judged: it was of this life.
    bool CanBeJudged(uint64_t moment) const { return !deleting && since <= moment; }
  };

  struct RecordValue {
    uint64_t asked = 0;  // The last.
    uint64_t acknowledged = 0;
  };

  // What was answered behind `moment` is owed to nobody: it may be there or not.
  void OweOnly(const Moment& moment);

  uint64_t now = 0;
  std::map<std::string, Log> logs;
  std::map<std::string, RecordValue> records;
};

// What a store answered when it was asked for all of an instance.
struct Recovered {
  bool exists = false;
  LogBounds bounds;
  std::vector<TestEvent> events;
  Cursor reached;  // All that is kept up to here was read.
};

// How far a reader has come in one life of a log.
struct Place {
  uint64_t life = 0;
  Cursor last;                 // Everything up to here was given, or said to be gone.
  bool asks_for_kept = false;  // What was trimmed before it came by is no gap.
  // It was told that commits are forgotten: what was trimmed below this need not be told again.
  uint64_t may_skip_below = 0;
};

// The order of a reader over many instances.
struct StoreOrder {
  uint64_t latest_submitted = 0;  // Of the events that were given.
  std::string latest;             // That event.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_LEDGER_H_
