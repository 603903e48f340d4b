// A client that appends small events to its own log, and one that reads each as soon as it is stored.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_PROBE_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_PROBE_H_

#include <string>
#include <thread>

#include "tests/faults/load/grpc_readers.h"
#include "tests/faults/load/grpc_writers.h"
#include "tests/faults/load/numbered_log.h"
#include "tests/faults/load/tally.h"

namespace playhead::testing {

// Not thread-safe; blocks.
class Probe {
 public:
  // `grpc_address` is HOST:PORT. Returns once both are connected.
  explicit Probe(const std::string& grpc_address);
  // REQUIRES: Finish has returned, or the test has failed.
  ~Probe();

  // Appends one more event, with as many attempts as it takes. Fails the test if that takes longer than a minute.
  void Append();
  // Appends the last event, and waits until all are delivered.
  void Finish();

  // The attempts to append; and the deliveries, timed from the attempt that succeeded.
  const Tally& appended() const { return appended_; }
  const Tally& delivered() const { return delivered_; }

 private:
  NumberedLog log_{"probe"};
  Tally appended_{"probe: Append"};
  Tally delivered_{"probe: delivered"};
  CallWriter writer_;
  SubscribeReader reader_;
  std::thread thread_;  // The reader's.
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_PROBE_H_
