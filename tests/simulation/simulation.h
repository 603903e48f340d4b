// Simulation: the life of a store, determined by a seed. There are appends from many sessions, trims, deletions,
// erasures, records, backups, readers that ask for everything, and readers that follow one instance or many. A life has
// several runs; each ends when the store is closed or when power is cut at any point, and within it a call of the disk
// may fail or be slow. An oracle checks what the store has at each start and now and then, and all along what the
// followers are given. At the end a backup is restored, and bits of the store's files are flipped.
//
// To storage, consumers' positions are records (broker/consumers). That a position is never behind a confirmed
// acknowledgement is checked of every record, with values that only rise.
#ifndef PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_
#define PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/cursor.h"
#include "storage/types.h"
#include "tests/simulation/bit_rot.h"
#include "tests/simulation/many_follower.h"
#include "tests/simulation/store_reads.h"

namespace playhead::storage {

struct SimulationOptions {
  uint64_t seed = 1;
  int runs = 5;
  // Each flips one bit of a copy of the store.
  int bit_flips = 4;

  // Planted bugs, which the oracle must find.
  bool log_syncs_lie = false;                             // The disk loses what it reported as synced.
  Durability durability = Durability::kDisk;              // kOs: acknowledges before the sync.
  TamperWithRead tamper_with_read;                        // What reads of a whole instance return.
  TamperWithManyRead tamper_with_many_read;               // What followers of many are given.
  std::function<void(Cursor& after)> tamper_with_resume;  // Where followers of one instance resume after a restart.
  bool restore_older_point = false;                       // Restores the point before the newest.
};

struct SimulationReport {
  std::vector<std::string> violations;  // Empty if all is well.
  uint64_t acknowledged = 0;
  uint64_t followed = 0;  // Events that followers were given.
  uint64_t power_cuts = 0;
  uint64_t disk_faults = 0;
  uint64_t reopenings = 0;  // Within a run.
  uint64_t points = 0;      // Of backups.
  uint64_t restored = 0;
  BitRotReport bit_rot;
};

SimulationReport Simulate(const SimulationOptions& options);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_SIMULATION_H_
