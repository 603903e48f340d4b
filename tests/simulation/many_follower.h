// ManyFollower: reads many instances in the order of the store from its position on, as Follower reads one.
#ifndef PLAYHEAD_TESTS_SIMULATION_MANY_FOLLOWER_H_
#define PLAYHEAD_TESTS_SIMULATION_MANY_FOLLOWER_H_

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"
#include "storage/instance_selector.h"
#include "storage/many_reader.h"
#include "storage/store_position.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/rules.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {

// Selects all simulated instances, those with a prefix, or a list of some.
std::shared_ptr<const InstanceSelector> AnySelector(playhead::testing::Random& random);

// Changes what a read returns; runs on the log's threads.
using TamperWithManyRead = std::function<void(ManyReadResult& result)>;

// Not thread-safe.   Ownership: borrows the oracle, and a log until Take().
class ManyFollower {
 public:
  enum class Start {
    kBeforeEverything,  // Before the first event ever: it is told of everything that was trimmed.
    kAtKept,            // At the first kept event: it is told nothing of what was trimmed before.
  };

  ManyFollower(Oracle& oracle, std::shared_ptr<const InstanceSelector> selector, Start start, TamperWithManyRead tamper)
      : oracle_(oracle),
        selector_(std::move(selector)),
        tamper_(std::move(tamper)),
        asks_for_kept_(start == Start::kAtKept) {}

  // As in Follower. Sometimes only part of an answer is taken before the connection is lost.
  absl::Status Pull(EventLog& log, playhead::testing::Random& random);
  absl::Status Take(playhead::testing::Random& random);
  absl::Status CatchUp(EventLog& log, playhead::testing::Random& random);
  absl::Status Disconnect(playhead::testing::Random& random);

  // Checks that both were given their common events in the same order.
  void CheckSameOrder(const ManyFollower& other) const;

  uint64_t given() const { return order_.size(); }  // Events.

 private:
  struct Part {
    std::string instance;  // Empty: commits are forgotten.
    std::optional<TrimmedRange> trimmed;
    std::vector<TestEvent> events;
    StorePosition position;
  };
  struct Answer {
    std::vector<Part> parts;
    StorePosition next;
    bool end_reached = false;
  };

  static Answer Plain(const ManyReadResult& result);
  void TakePart(const Part& part);
  void CheckForgotten();
  Place* PlaceIn(const std::string& instance);

  Oracle& oracle_;
  const std::shared_ptr<const InstanceSelector> selector_;
  const TamperWithManyRead tamper_;
  const bool asks_for_kept_;
  std::shared_ptr<ManyReader> reader_;  // nullptr until the next pull: the connection was lost.
  StorePosition position_;
  std::map<std::string, Place> places_;
  StoreOrder store_order_;
  GivenOrder order_;
  bool caught_up_ = false;
  Moment asked_at_;
  std::optional<std::future<absl::StatusOr<Answer>>> asked_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_MANY_FOLLOWER_H_
