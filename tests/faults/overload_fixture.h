// The real program under more load than it can take, and its use of memory and file descriptors.
#ifndef PLAYHEAD_TESTS_FAULTS_OVERLOAD_FIXTURE_H_
#define PLAYHEAD_TESTS_FAULTS_OVERLOAD_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/fault_fixture.h"

namespace playhead::testing {

inline constexpr size_t kMiB = size_t{1} << 20;

class OverloadTest : public FaultFixture {
 protected:
  // The peak resident memory of the broker so far.
  size_t PeakKib() { return StatusKib("VmHWM:"); }
  size_t Descriptors();

  std::unique_ptr<v1::EventLog::Stub> NewStub();
  // The numbers (tests/load/numbered_messages.h) of all events of a log, in order. Fails the test if a cursor is
  // missing.
  std::vector<uint64_t> NumbersOf(const std::string& instance);

 private:
  // A value of the broker's /proc/PID/status.
  size_t StatusKib(absl::string_view name);
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_OVERLOAD_FIXTURE_H_
