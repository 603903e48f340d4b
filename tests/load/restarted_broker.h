// The real broker on one store, which a test may stop or kill and start again as often as it likes.
#ifndef PLAYHEAD_TESTS_LOAD_RESTARTED_BROKER_H_
#define PLAYHEAD_TESTS_LOAD_RESTARTED_BROKER_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/load/place.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {

// Hands the listening sockets in, as systemd does, so that no connect is refused while no broker runs. Not thread-safe.
class RestartedBroker {
 public:
  // Starts a broker. The one before must have ended. A fatal failure of the test if it does not serve.
  void Start() {
    process_ = std::make_unique<BrokerProcess>(folder_.path() + "/store", grpc_.listen(),
                                               std::vector<std::string>{"--http_listen=" + http_.listen()});
    ASSERT_FALSE(process_->address().empty());
  }

  // The broker that was started last.
  BrokerProcess& process() { return *process_; }
  Place place() const { return {.grpc = grpc_.address(), .http = http_.address()}; }

 private:
  const TempDir folder_;
  HeldSocket grpc_;
  HeldSocket http_;
  std::unique_ptr<BrokerProcess> process_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_RESTARTED_BROKER_H_
