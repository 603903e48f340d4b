// What a store shows to whoever asks it for everything.
#ifndef PLAYHEAD_TESTS_SIMULATION_STORE_READS_H_
#define PLAYHEAD_TESTS_SIMULATION_STORE_READS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/store_jobs.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/support/seed.h"

namespace playhead::storage {

// The instances of a simulated store.
const std::vector<std::string>& SimulatedInstances();
// Where its records are.
inline constexpr char kSimulatedRecords[] = "simulation/";

using TamperWithRead = std::function<void(ReadResult& result)>;

// All of an instance behind `found.reached`, in slices of random sizes; what came before an error is in `found`, too.
// That there is no such instance is none. `tamper`, if any, changes each slice.
absl::Status ReadWhole(EventLog& log, const std::string& instance, playhead::testing::Random& random,
                       const TamperWithRead& tamper, Recovered& found);

absl::StatusOr<std::map<std::string, uint64_t>> ReadRecords(EventLog& log);

// Has the oracle judge all that the store shows. Ends with the first error of a read.
absl::Status CheckStore(EventLog& log, Oracle& oracle, playhead::testing::Random& random, const TamperWithRead& tamper);

// The same of a store that may be damaged, of which a verification said `findings`: what they name need not be read,
// all else must be, up to it and behind it, and be right. The error of a read that failed, if any did.
absl::Status CheckDamagedStore(EventLog& log, const std::vector<Finding>& findings, Oracle& oracle,
                               playhead::testing::Random& random);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_STORE_READS_H_
