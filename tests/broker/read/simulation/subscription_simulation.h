// The life of a store with subscriptions, determined by a seed. Several threads append in every way; instances are
// trimmed, erased and deleted; readers of one instance and of many are live, fall behind, catch up, disconnect and
// resume. A life has several runs. Each ends when the broker is closed or when power is cut at any point; within a run
// the disk may fail and the store be reopened. An oracle checks what readers are given all along, and what the store
// has at each start.
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_SUBSCRIPTION_SIMULATION_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_SUBSCRIPTION_SIMULATION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "storage/cursor.h"
#include "tests/broker/read/simulation/appender.h"
#include "tests/broker/read/simulation/watched_log.h"

namespace playhead::broker {

struct SubscriptionSimulationOptions {
  uint64_t seed = 1;
  int runs = 5;
  absl::Duration patience = absl::Minutes(5);  // A reader that waits for an event this long has lost it.

  // Planted bugs, which the oracle must find.
  SeamBug bug = SeamBug::kNone;
  bool log_syncs_lie = false;                                      // The disk loses what it reported as synced.
  bool announces_unsynced = false;                                 // Readers, and only they, are told before the sync.
  std::function<void(storage::Cursor& after)> tamper_with_resume;  // Where readers of one instance resume.
};

struct SubscriptionSimulationReport {
  std::vector<std::string> violations;  // Empty if all is well.
  uint64_t acknowledged = 0;
  uint64_t given = 0;  // Events, to all readers.
  uint64_t resumes = 0;
  uint64_t power_cuts = 0;
  uint64_t disk_faults = 0;
  uint64_t reopenings = 0;  // Within a run.
  uint64_t fallbacks = 0;   // Live subscriptions that fell behind the tail.
  uint64_t gaps = 0;        // Reported to readers.
  uint64_t deletions = 0;
  uint64_t syncs = 0;  // How often all readers were awaited.
  AppenderReport appends;
};

SubscriptionSimulationReport SimulateSubscriptions(const SubscriptionSimulationOptions& options);

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_SUBSCRIPTION_SIMULATION_H_
