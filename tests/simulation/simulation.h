// Simulation: a store's life by a seed. Appends from many sessions, trims, deletions, erasures, records and reads, over
// several runs; each run ends when it is closed, when a call of the disk fails, or when the power is cut anywhere. At
// each start, and now and then, an oracle judges what the store has. At the end bits of its files flip.
#ifndef PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_
#define PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/event_log.h"
#include "storage/options.h"

namespace playhead::storage {

struct SimulationOptions {
  uint64_t seed = 1;
  int runs = 5;
  // Each flips one bit of a copy of the store.
  int bit_flips = 4;

  // A bug that is planted, of which the oracle must hear.
  bool log_syncs_lie = false;                                // The disk forgets what it said to have synced.
  Durability durability = Durability::kDisk;                 // kOs: acknowledges before the sync.
  std::function<void(ReadResult& result)> tamper_with_read;  // What every read returns.
};

struct SimulationReport {
  std::vector<std::string> violations;  // Empty if all is well.
  uint64_t acknowledged = 0;
  uint64_t power_cuts = 0;
  uint64_t disk_faults = 0;
  uint64_t bit_flips = 0;
  uint64_t flips_refused = 0;   // The store refused to open, or a read said DATA_LOSS.
  uint64_t flips_harmless = 0;  // They were in bytes that no longer count.
};

SimulationReport Simulate(const SimulationOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_
