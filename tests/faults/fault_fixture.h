// The real program on a machine that fails it: with limits, in a prepared folder, on a disk of its own.
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

// How long anything may take that must come about.
inline constexpr absl::Duration kPatience = absl::Seconds(30);

class FaultFixture : public ::testing::Test {
 protected:
  struct Refusal {
    int exit_code = 0;  // -1 if a signal ended it.
    std::string said;   // On its standard error.
  };

  // Starts `playhead serve` in data_dir(), with gRPC and HTTP on free ports. Fails the test unless it serves.
  void Serve(const std::vector<std::string>& flags = {}, BrokerSurroundings surroundings = {});
  // The same of one that is expected not to. Fails the test if it serves.
  Refusal ServeInVain(const std::vector<std::string>& flags = {}, BrokerSurroundings surroundings = {});

  // Of the broker that Serve started last.
  BrokerProcess& broker() { return *broker_; }
  void KillBroker() { broker_.reset(); }
  // Comes back soon when its connection is lost.
  Client NewClient() const;
  // One figure of GET /metrics, by its name with its labels.
  double Figure(absl::string_view name) const;
  // All data of the log, in order. Fails the test if there is a hole.
  std::vector<std::string> DataOf(const std::string& instance) const;

  // Where the next broker has its store. In folder() unless it is set.
  void set_data_dir(std::string data_dir) { data_dir_ = std::move(data_dir); }
  const std::string& data_dir() const { return data_dir_; }
  const std::string& folder() const { return folder_.path(); }
  // All that the brokers of this test wrote on standard error.
  std::string Said() const;

 private:
  std::unique_ptr<BrokerProcess> Start(const std::vector<std::string>& flags, BrokerSurroundings surroundings) const;

  const TempDir folder_;
  std::string data_dir_ = folder_.path() + "/store";
  std::unique_ptr<BrokerProcess> broker_;
};

// Appends with one attempt for each, so that refusals are seen. Not thread-safe.
class SingleAppender {
 public:
  // At HOST:PORT; as the producer of this name, so that what failed may be repeated.
  SingleAppender(const std::string& target, std::string producer);

  // The cursor of the event that it stored, which has this data.
  absl::StatusOr<uint64_t> Append(const std::string& instance, const std::string& data, uint64_t sequence);

 private:
  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  const std::string producer_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_FAULT_FIXTURE_H_
