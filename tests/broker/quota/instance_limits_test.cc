// The state kept for instances with limits is bounded, and without limits there is none.
#include "broker/quota/instance_limits.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker {
namespace {

class InstanceLimitsTest : public ::testing::Test {
 protected:
  InstanceLimitsTest()
      : settings_(*LimitSettings::Load(core_.log().records())),
        limits_(core_.log(), *settings_, [this] { return now_; }) {}

  void Set(const std::string& instance, uint64_t events_per_second) {
    v1::InstanceLimits limits;
    limits.set_append_events_per_second(events_per_second);
    ASSERT_TRUE(testing::AwaitStatus([&](auto done) { settings_->Set(instance, limits, std::move(done)); }).ok());
  }

  absl::Status Charge(const std::string& instance, size_t events) { return limits_.Charge(instance, events, 1); }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  testing::BrokerCore core_;
  const std::unique_ptr<LimitSettings> settings_;
  InstanceLimits limits_;
};

TEST_F(InstanceLimitsTest, NothingIsRememberedWhileNothingIsSet) {
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(Charge(absl::StrCat("bot-", i), 10).ok());
  EXPECT_TRUE(limits_.none());
  EXPECT_EQ(limits_.in_use(), 0u);
}

TEST_F(InstanceLimitsTest, OnlyInstancesInUseAreRememberedAndABoundedNumberOfThem) {
  Set("", 1);
  for (size_t i = 0; i < 2 * kLimitedInUseMax; ++i) ASSERT_TRUE(Charge(absl::StrCat("bot-", i), 10).ok());
  EXPECT_LE(limits_.in_use(), kLimitedInUseMax);
  EXPECT_GT(limits_.in_use(), kLimitedInUseMax / 2);
  now_ += absl::Minutes(1);  // All have paid their debt.
  // They go when their places are wanted.
  for (size_t i = 0; i < kLimitedInUseMax / 4; ++i) ASSERT_TRUE(Charge(absl::StrCat("new-", i), 1).ok());
  EXPECT_LE(limits_.in_use(), kLimitedInUseMax / 4);
}

TEST_F(InstanceLimitsTest, HowMuchInstancesStoreStaysKnown) {
  v1::InstanceLimits limits;
  limits.set_stored_bytes_max(1'000'000);
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) { settings_->Set("", limits, std::move(done)); }).ok());
  constexpr size_t kInstances = 3'000;
  for (size_t i = 0; i < kInstances; ++i) {
    const std::string name = absl::StrCat("bot-", i);
    testing::AppendNumbered(core_.log(), name, 1, 1);
    ASSERT_TRUE(testing::AwaitStatus([&](auto done) { limits_.CheckRoom(name, 1, std::move(done)); }).ok());
  }
  EXPECT_EQ(limits_.in_use(), kInstances);
}

TEST_F(InstanceLimitsTest, AChangeHoldsForThoseInUse) {
  Set("bot", 1);
  ASSERT_TRUE(Charge("bot", 100).ok());
  const absl::Status refused = Charge("bot", 1);
  ASSERT_TRUE(HasReason(refused, Reason::kQuotaExceeded)) << refused;
  EXPECT_EQ(ToProto(refused).limit(), "instance.append_events_per_second");
  EXPECT_GE(RetryAfter(refused), absl::Seconds(98));
  now_ += *RetryAfter(refused);
  ASSERT_TRUE(Charge("bot", 100).ok()) << "when it says, and not before";
  Set("bot", 0);
  EXPECT_TRUE(Charge("bot", 1).ok());
}

}  // namespace
}  // namespace playhead::broker
