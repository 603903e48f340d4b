// Ledger: what a store was asked to do and what it answered, as a copyable value. It knows nothing of how storage
// works.
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

// A moment: a call made after it must see everything that was answered before it.
struct Moment {
  uint64_t at = 0;
  std::map<std::string, uint64_t> records;  // Acknowledged values.
};

// Times are values of a logical clock that ticks with every entry.
struct Ledger {
  struct Submitted {
    TestEvent event;
    uint64_t at = 0;  // The first time.
  };

  // One instance's name, in its current life.
  struct Log {
    uint64_t life = 0;
    uint64_t since = 0;     // When this life began.
    bool deleting = false;  // It may exist or not, and is not checked.
    std::map<EventName, Submitted> submitted;
    std::map<uint64_t, std::string> known;      // The data at each cursor ever acknowledged or read, in any life.
    std::map<uint64_t, uint64_t> acknowledged;  // By cursor: when it was first acknowledged.
    std::map<uint64_t, uint64_t> shown;         // By cursor: when a reader was first told of it, so that it must stay.
    std::set<uint64_t> erasing;                 // Cursors.
    std::map<uint64_t, uint64_t> erased;        // By cursor: when its erasure was answered.
    uint64_t may_be_trimmed = 0;                // Cursors below this one may be trimmed.
    std::map<uint64_t, uint64_t> trimmed;       // By time of the answer: the first cursor kept.

    // The cursor below which everything was trimmed at that moment.
    uint64_t TrimmedAt(uint64_t moment) const;
    // Whether answers to a call made at that moment can be checked: it was made in this life.
    bool CanBeJudged(uint64_t moment) const { return !deleting && since <= moment; }
  };

  struct RecordValue {
    uint64_t asked = 0;  // The last value written.
    uint64_t acknowledged = 0;
  };

  // Everything that was answered after `moment` may now be there or not.
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
  Cursor reached;  // Everything that is kept was read up to here.
};

// How far a reader has come in one life of a log.
struct Place {
  uint64_t life = 0;
  Cursor last;                 // Everything up to here was given, or reported as gone.
  bool asks_for_kept = false;  // Events that were trimmed before it read them are not reported as a gap.
  // The reader was told that commits are forgotten: trimmed events below this cursor need not be reported again.
  uint64_t may_skip_below = 0;
};

// The order of a reader over many instances.
struct StoreOrder {
  uint64_t latest_submitted = 0;  // The latest time at which any of the given events was submitted.
  std::string latest;             // That event.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_LEDGER_H_
