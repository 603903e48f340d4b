// Follower: reads one instance from its position on, again and again while it is written to, as a subscription does;
// and goes on from there whatever becomes of the log meanwhile. The oracle judges that nothing is skipped and nothing
// comes twice.
#ifndef PLAYHEAD_TESTS_SIMULATION_FOLLOWER_H_
#define PLAYHEAD_TESTS_SIMULATION_FOLLOWER_H_

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {

// Not thread-safe.   Ownership: borrows the oracle, and a log until Take().
class Follower {
 public:
  // `tamper_with_resume`, if any, changes where it goes on after a Disconnect().
  Follower(Oracle& oracle, std::string instance, std::function<void(Cursor& after)> tamper_with_resume)
      : oracle_(oracle), instance_(std::move(instance)), tamper_with_resume_(std::move(tamper_with_resume)) {}

  // Takes the answer of the last pull and asks for what comes next, which is read while the caller goes on. Errors of
  // the log that a reader does not get over by itself.
  absl::Status Pull(EventLog& log, playhead::testing::Random& random);
  // Waits for the answer of the last pull, if it is still to come, and has it judged.
  absl::Status Take();
  // Pulls until it is told that there is nothing more.
  absl::Status CatchUp(EventLog& log, playhead::testing::Random& random);
  // The log is about to go, or is gone: what comes next is asked for anew, behind the last event that was taken.
  absl::Status Disconnect();

  uint64_t given() const { return given_; }  // Events.

 private:
  struct Answer {
    std::vector<TestEvent> events;
    Cursor next;
    bool end_reached = false;
  };

  // Stands at the beginning of the present life. Where it stood in the life before, it must be refused.
  absl::Status BeginLife(EventLog& log, const std::shared_ptr<Instance>& instance, uint64_t life);

  Oracle& oracle_;
  const std::string instance_;
  const std::function<void(Cursor&)> tamper_with_resume_;
  Place place_;
  bool resuming_ = false;
  bool was_trimmed_ = false;  // Events behind its place are gone.
  bool caught_up_ = false;
  Moment asked_at_;
  std::optional<std::future<absl::StatusOr<Answer>>> asked_;
  uint64_t given_ = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_FOLLOWER_H_
