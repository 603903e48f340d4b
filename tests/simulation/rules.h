// The rules that a store must keep, by what stands in a ledger. What is broken is said in `broken`, so that a test may
// expect a planted bug to be found.
#ifndef PLAYHEAD_TESTS_SIMULATION_RULES_H_
#define PLAYHEAD_TESTS_SIMULATION_RULES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

using Broken = std::vector<std::string>;

// Of all that `moment` knows of, an instance's log holds `found`:
//  - every acknowledged event is there, with the bytes that were appended, unless it was asked to be gone;
//  - nothing is there that was not appended to this life of the instance, and nothing twice;
//  - cursors have no holes, and none has ever been another event's;
//  - of each session what is there is what it submitted first, in that order, with no hole;
//  - what was answered as trimmed or erased is gone.
// Learns what cursors were given to.
void CheckWhole(Ledger::Log& log, uint64_t moment, const std::string& instance, const Recovered& found, Broken& broken);

// Each event is what it always was.
void CheckBytes(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Broken& broken);

// What a reader that asked at `moment` was given behind `place`: what comes next in the log, nothing skipped and
// nothing twice. `place` is then behind it.
void CheckGiven(Ledger::Log& log, uint64_t moment, const std::string& instance, const std::vector<TestEvent>& events,
                Place& place, Broken& broken);
// A reader was told that the events in (after, last] are gone: only what was asked to be trimmed may be.
void CheckGone(const Ledger::Log& log, const std::string& instance, Cursor after, Cursor last, Place& place,
               Broken& broken);
// A reader that asked at `moment` was told that there is nothing more: all that was acknowledged then is behind it.
void CheckCaughtUp(const Ledger::Log& log, uint64_t moment, const std::string& instance, const Place& place,
                   Broken& broken);
// What was acknowledged before another event was submitted comes before that, whatever their instances.
void CheckStoreOrder(const Ledger::Log& log, const std::string& instance, const std::vector<TestEvent>& events,
                     StoreOrder& order, Broken& broken);

// Each record has the last value that was acknowledged, or a later one that was asked for.
void CheckRecordValues(const Ledger& ledger, const Moment& moment, const std::map<std::string, uint64_t>& found,
                       Broken& broken);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_RULES_H_
