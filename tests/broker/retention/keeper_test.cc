// Logs are trimmed as their policies say. Policies survive a restart, but not their instance.
#include "broker/retention/keeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/metrics/metrics.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"

namespace playhead::broker::retention {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;
using storage::Cursor;
using storage::InstanceNumber;
using storage::LogHarness;
using storage::MakeEvents;

Policy Events(uint64_t events) {
  Policy policy;
  policy.set_events(events);
  return policy;
}

class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() { Start(); }
  ~KeeperTest() override { Stop(); }

  void Start() {
    policies_ = *PolicyStore::Load(log_->log());
    keeper_ =
        std::make_unique<Keeper>(log_->log(), *policies_, metrics_, absl::Milliseconds(20),
                                 [this](const std::shared_ptr<storage::Instance>&,
                                        storage::Callback<std::optional<Cursor>> done) { std::move(done)(settled_); });
  }
  void Stop() {
    keeper_.reset();
    log_->Close();
  }

  absl::Status Set(const std::string& name, const Policy& policy) {
    const InstanceNumber number = name == kAllInstances ? InstanceNumber() : log_->Get(name)->number;
    return AwaitStatus([&](auto done) { policies_->Set(name, number, policy, std::move(done)); });
  }
  void AwaitKept(const std::string& name, uint64_t events) {
    for (uint64_t kept = 0; kept != events; absl::SleepFor(absl::Milliseconds(5))) {
      kept = log_->Get(name)->bounds->event_count();
      ASSERT_GE(kept, events);
    }
  }

  Metrics metrics_;
  std::optional<Cursor> settled_;
  std::unique_ptr<PolicyStore> policies_;  // Outlives the log, whose callbacks end in it.
  std::unique_ptr<LogHarness> log_ = std::make_unique<LogHarness>();
  std::unique_ptr<Keeper> keeper_;
};

TEST_F(KeeperTest, AnInstancesOwnPolicyGoesBeforeThatOfAll) {
  for (const char* const name : {"a", "b", "c"}) ASSERT_TRUE(log_->Append(name, MakeEvents(50)).ok());
  ASSERT_TRUE(log_->Append("playhead.own", MakeEvents(50)).ok());
  ASSERT_TRUE(Set("b", Events(30)).ok());
  AwaitKept("b", 30);
  ASSERT_TRUE(Set("*", Events(10)).ok());
  AwaitKept("a", 10);
  AwaitKept("c", 10);
  EXPECT_EQ(log_->Get("b")->bounds->event_count(), 30u);
  EXPECT_EQ(log_->Get("playhead.own")->bounds->event_count(), 50u);
  ASSERT_TRUE(log_->Append("a", MakeEvents(7)).ok());
  AwaitKept("a", 10);
  constexpr double kTrimmed = 20 + 40 + 40 + 7;
  while (metrics_.retention_events.Value() < kTrimmed) absl::SleepFor(absl::Milliseconds(5));  // Counted behind a trim.
  EXPECT_EQ(metrics_.retention_events.Value(), kTrimmed);
  ASSERT_TRUE(AwaitStatus([&](auto done) { policies_->Clear("b", std::move(done)); }).ok());
  AwaitKept("b", 10);
}

TEST_F(KeeperTest, PoliciesOutliveARestart) {
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  ASSERT_TRUE(Set("a", Events(20)).ok());
  AwaitKept("a", 20);
  keeper_.reset();
  log_->Reopen();
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  Start();
  AwaitKept("a", 20);
}

TEST_F(KeeperTest, AnInstanceThatIsMadeAnewDoesNotHaveThePolicyOfTheDeletedOne) {
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  ASSERT_TRUE(Set("a", Events(20)).ok());
  AwaitKept("a", 20);
  ASSERT_TRUE(log_->Delete("a").ok());
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  ASSERT_TRUE(log_->Append("b", MakeEvents(50)).ok());
  ASSERT_TRUE(Set("b", Events(20)).ok());
  AwaitKept("b", 20);  // It looks at all that have their own, "a" first.
  EXPECT_EQ(log_->Get("a")->bounds->event_count(), 50u);
  keeper_.reset();
  log_->Reopen();
  Start();
  while (policies_->Names().size() > 1) absl::SleepFor(absl::Milliseconds(5));  // Its row goes by itself.
}

TEST_F(KeeperTest, WhatAConsumerHasYetToSettleStays) {
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  settled_ = Cursor(12);
  Policy policy = Events(10);
  policy.set_consumers_seconds(3600);
  ASSERT_TRUE(Set("a", policy).ok());
  AwaitKept("a", 38);
}

TEST_F(KeeperTest, EventsGoByAgeAndByBytes) {
  ASSERT_TRUE(log_->Append("a", MakeEvents(50)).ok());
  Policy by_age;
  by_age.set_age_seconds(1);
  by_age.set_events_min(3);
  ASSERT_TRUE(Set("a", by_age).ok());
  AwaitKept("a", 3);
  ASSERT_TRUE(log_->Append("b", MakeEvents(50)).ok());
  Policy by_bytes;
  by_bytes.set_bytes(200);
  ASSERT_TRUE(Set("b", by_bytes).ok());
  while (*Await<uint64_t>([&](auto done) { log_->log().KeptBytes(*log_->Open("b"), std::move(done)); }) > 200) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  EXPECT_GT(log_->Get("b")->bounds->event_count(), 0u);
}

TEST_F(KeeperTest, APlanCountsWhatWouldGoAndChangesNothing) {
  for (const char* const name : {"a", "b"}) ASSERT_TRUE(log_->Append(name, MakeEvents(50)).ok());
  const auto plan = [&](std::string name) {
    return Await<Effect>([&](auto done) { keeper_->Plan(std::move(name), Events(20), std::move(done)); });
  };
  const auto one = plan("a");
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_EQ(one->events, 30u);
  EXPECT_GT(one->bytes, 0u);
  EXPECT_EQ(one->first_kept, Cursor(31));
  const auto all = plan("*");
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->instances, 2u);
  EXPECT_EQ(all->events, 60u);
  EXPECT_FALSE(all->incomplete);
  EXPECT_TRUE(HasReason(plan("none").status(), Reason::kInstanceNotFound));
  EXPECT_EQ(log_->Get("a")->bounds->event_count(), 50u);
}

}  // namespace
}  // namespace playhead::broker::retention
