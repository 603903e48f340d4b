// The real program on a machine that fails it: with limits, in a prepared folder, or on a disk of its own.
#ifndef PLAYHEAD_TESTS_FAULTS_FAULT_FIXTURE_H_
#define PLAYHEAD_TESTS_FAULTS_FAULT_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/support/broker_process.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {

// How long to wait for anything that must happen.
inline constexpr absl::Duration kPatience = absl::Minutes(4);

class FaultFixture : public ::testing::Test {
 protected:
  struct Refusal {
    int exit_code = 0;  // -1 if a signal ended the process.
    std::string said;   // Its standard error.
  };

  // Starts `playhead serve` in data_dir(), with gRPC and HTTP on free ports. Fails the test unless it serves.
  void Serve(const std::vector<std::string>& flags = {}, BrokerSurroundings surroundings = {});
  // Starts a broker that is expected to refuse to start. Fails the test if it serves.
  Refusal ServeInVain(const std::vector<std::string>& flags = {}, BrokerSurroundings surroundings = {});

  // The broker that Serve started last.
  BrokerProcess& broker() { return *broker_; }
  void KillBroker() { broker_.reset(); }
  // A client that reconnects quickly.
  Client NewClient() const;
  // The value of one metric of GET /metrics. `name` includes its labels.
  double Figure(absl::string_view name) const;
  // The data of all events of the log, in order. Fails the test if a cursor is missing.
  std::vector<std::string> DataOf(const std::string& instance) const;

  // The data directory of the next broker. By default it is in folder().
  void set_data_dir(std::string data_dir) { data_dir_ = std::move(data_dir); }
  const std::string& data_dir() const { return data_dir_; }
  const std::string& folder() const { return folder_.path(); }
  // Everything that the brokers of this test wrote to standard error.
  std::string Said() const;

 private:
  std::unique_ptr<BrokerProcess> Start(const std::vector<std::string>& flags, BrokerSurroundings surroundings) const;

  const TempDir folder_;
  std::string data_dir_ = folder_.path() + "/store";
  std::unique_ptr<BrokerProcess> broker_;
};

// Appends with a single attempt each, so that the test sees refusals. Not thread-safe.
class SingleAppender {
 public:
  // `target` is HOST:PORT. Appends as this producer, so that a failed append may be repeated.
  SingleAppender(const std::string& target, std::string producer);

  // Appends an event with this data. Returns its cursor.
  absl::StatusOr<uint64_t> Append(const std::string& instance, const std::string& data, uint64_t sequence);

 private:
  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  const std::string producer_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_FAULT_FIXTURE_H_
