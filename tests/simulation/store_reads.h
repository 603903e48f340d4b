// Reads everything that a store shows.
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
// The prefix of its records.
inline constexpr char kSimulatedRecords[] = "simulation/";

using TamperWithRead = std::function<void(ReadResult& result)>;

// Reads all events of an instance after `found.reached`, in slices of random sizes, into `found`, including those that
// came before an error. It is no error if the instance does not exist. `tamper`, if any, changes each slice.
absl::Status ReadWhole(EventLog& log, const std::string& instance, playhead::testing::Random& random,
                       const TamperWithRead& tamper, Recovered& found);

absl::StatusOr<std::map<std::string, uint64_t>> ReadRecords(EventLog& log);

// Has the oracle check everything that the store shows. Stops at the first read error and returns it.
absl::Status CheckStore(EventLog& log, Oracle& oracle, playhead::testing::Random& random, const TamperWithRead& tamper);

// The same for a store that may be damaged. `findings` are those of a verification: what they name need not be
// readable, but everything before and after it must be, and must be right. Returns the error of a read that failed, if
// any did.
absl::Status CheckDamagedStore(EventLog& log, const std::vector<Finding>& findings, Oracle& oracle,
                               playhead::testing::Random& random);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_STORE_READS_H_
