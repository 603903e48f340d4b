// Follower: reads one instance from its position on, again and again while it is written to, as a subscription does,
// and resumes from there whatever happens to the log. The oracle checks that nothing is skipped or repeated.
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
  // `tamper_with_resume`, if any, changes where it resumes after a Disconnect().
  Follower(Oracle& oracle, std::string instance, std::function<void(Cursor& after)> tamper_with_resume)
      : oracle_(oracle), instance_(std::move(instance)), tamper_with_resume_(std::move(tamper_with_resume)) {}

  // Takes the answer of the last pull and asks for the next events, which are read in the background. Returns the
  // errors of the log that a reader cannot handle.
  absl::Status Pull(EventLog& log, playhead::testing::Random& random);
  // Waits for the answer of the last pull, if there is one, and has it checked.
  absl::Status Take();
  // Pulls until it has caught up.
  absl::Status CatchUp(EventLog& log, playhead::testing::Random& random);
  // The log is closed, or about to be: the next pull resumes after the last event that was taken.
  absl::Status Disconnect();

  uint64_t given() const { return given_; }  // Events.

 private:
  struct Answer {
    std::vector<TestEvent> events;
    Cursor next;
    bool end_reached = false;
  };

  // Moves to the beginning of the current life. Its position in the previous life must be refused.
  absl::Status BeginLife(EventLog& log, const std::shared_ptr<Instance>& instance, uint64_t life);

  Oracle& oracle_;
  const std::string instance_;
  const std::function<void(Cursor&)> tamper_with_resume_;
  Place place_;
  bool resuming_ = false;
  bool was_trimmed_ = false;  // Events after its place were trimmed.
  bool caught_up_ = false;
  Moment asked_at_;
  std::optional<std::future<absl::StatusOr<Answer>>> asked_;
  uint64_t given_ = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_FOLLOWER_H_
