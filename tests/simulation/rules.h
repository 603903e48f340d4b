// The rules that a store must keep, given a ledger. Violations are added to `broken`, so that a test can expect a
// planted bug to be found.
#ifndef PLAYHEAD_TESTS_SIMULATION_RULES_H_
#define PLAYHEAD_TESTS_SIMULATION_RULES_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

using Broken = std::vector<std::string>;

// `found` is everything that an instance's log has, asked for at `moment`:
//  - Every event that was acknowledged, or shown to a reader, is there with the bytes that were appended, unless its
//    removal was requested.
//  - Nothing is there that was not appended in this life of the instance, and nothing twice.
//  - Cursors have no holes, and none has ever been that of another event.
//  - Of each session, the events that are there are the first ones that it submitted, in order, without a hole.
//  - What was acknowledged as trimmed or erased is gone.
// Records which cursor each event has.
void CheckWhole(Ledger::Log& log, uint64_t moment, const std::string& instance, const Recovered& found, Broken& broken);

// Each event has the bytes that it always had.
void CheckBytes(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Broken& broken);

// A reader at `place` may have skipped, without being told, only events below this cursor.
uint64_t SkippedBelow(const Ledger::Log& log, const Place& place);

// A reader at `place` that asked at `moment` was given `events`. They must be the next ones of the log, none skipped or
// repeated. Moves `place` past them.
void CheckGiven(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Place& place, Broken& broken);
// A reader was told that the events in (after, last] are gone. Only events whose trim was requested may be.
void CheckGone(const Ledger::Log& log, const std::string& instance, Cursor after, Cursor last, Place& place,
               Broken& broken);
// A reader that asked at `moment` was told that it has caught up. It must have everything that was acknowledged by
// then.
void CheckCaughtUp(const Ledger::Log& log, uint64_t moment, const std::string& instance, const Place& place,
                   Broken& broken);
// An event that was acknowledged before another one was submitted comes before it, even if their instances differ.
void CheckStoreOrder(const Ledger::Log& log, const std::string& instance, const std::vector<TestEvent>& events,
                     StoreOrder& order, Broken& broken);

// Two readers of many instances were given their common events (instance and cursor) in the same order.
using GivenOrder = std::vector<std::pair<std::string, uint64_t>>;
void CheckSameOrder(const GivenOrder& given, const GivenOrder& other, Broken& broken);

// Each record has the last acknowledged value, or one that was written later.
void CheckRecordValues(const Ledger& ledger, const Moment& moment, const std::map<std::string, uint64_t>& found,
                       Broken& broken);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_RULES_H_
