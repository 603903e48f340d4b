// What a replay sends of a real log, to a target that takes everything.

#include "broker/replay/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "broker/replay/range.h"
#include "broker/replay/target.h"
#include "playhead/store/v1/replay_record.pb.h"
#include "playhead/v1/replays.pb.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::replay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Confirms each event at once.
class TakingTarget final : public Target {
 public:
  void Send(ReplayedEvent event, Done done) override {
    {
      absl::MutexLock lock(&mu_);
      taken_.emplace_back(event.event.data);
    }
    std::move(done)({.outcome = SendOutcome::kSent, .problem = absl::OkStatus()});
  }
  absl::Status problem() const override { return absl::OkStatus(); }
  void Pause() override {}
  void Stop() override {}

  // The data of the events.
  std::vector<std::string> taken() const {
    absl::MutexLock lock(&mu_);
    return taken_;
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> taken_ ABSL_GUARDED_BY(mu_);
};

class JobTest : public ::testing::Test {
 protected:
  // A running replay of the first `count` events of `instance`.
  std::shared_ptr<Job> Make(const std::string& instance, uint64_t count) {
    store::v1::ReplayRecord record;
    record.mutable_replay()->set_id("replay");
    record.mutable_replay()->set_state(v1::Replay::RUNNING);
    record.mutable_replay()->set_rate(100'000);
    const Range range = {.instance = instance,
                         .number = broker_.Open(instance)->number(),
                         .after = storage::Cursor(),
                         .last = storage::Cursor(count),
                         .event_count = count};
    return std::make_shared<Job>(broker_.core(), std::move(record), std::vector<Range>{range}, nullptr, target_, [] {});
  }

  // Waits until it does not run, and describes it.
  static v1::Replay AwaitRest(const Job& job) {
    v1::Replay replay = job.Describe();
    for (; replay.state() == v1::Replay::RUNNING; replay = job.Describe()) std::this_thread::yield();
    return replay;
  }

  testing::BrokerCore broker_;
  const std::shared_ptr<TakingTarget> target_ = std::make_shared<TakingTarget>();
};

TEST_F(JobTest, ADamagedEventIsNotPassedOverHoweverSoonTheReplayIsResumed) {
  storage::AppendBatch batch =
      testing::MakeBatch("bot", {{.type = "t", .data = "1"}, {.type = "t", .data = "2"}, {.type = "t", .data = "3"}});
  const auto bytes = std::make_shared<std::string>(batch.bytes);
  char& tag = (*bytes)[batch.events[1].offset];
  ASSERT_EQ(tag, '\x0a');
  tag = '\x0b';  // Of a group, which no event has.
  batch.bytes = *bytes;
  batch.owner = bytes;
  const auto session = broker_.log().NewAppendSession();
  const auto appended =
      testing::Await<storage::AppendResult>([&](auto done) { session->Append(std::move(batch), std::move(done)); });
  ASSERT_TRUE(appended.ok()) << appended.status();

  const std::shared_ptr<Job> job = Make("bot", 3);
  job->Run();
  for (int i = 0; i < 3; ++i) {
    const v1::Replay paused = AwaitRest(*job);
    EXPECT_EQ(paused.state(), v1::Replay::PAUSED) << i;
    EXPECT_THAT(paused.problem(), HasSubstr("DATA_LOSS")) << i;
    EXPECT_THAT(target_->taken(), ElementsAre("1")) << i;
    if (i == 2) break;
    // At once: what was read after the damaged event is not so old that it would be read again for its age.
    ASSERT_TRUE(testing::AwaitStatus([&](auto done) { job->Resume(std::move(done)); }).ok());
  }
  EXPECT_TRUE(testing::AwaitStatus([&](auto done) { job->Cancel(std::move(done)); }).ok());
}

}  // namespace
}  // namespace playhead::broker::replay
