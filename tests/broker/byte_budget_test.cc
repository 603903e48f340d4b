#include "broker/byte_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "storage/executor.h"

namespace playhead::broker {
namespace {

using ::testing::ElementsAre;

class ByteBudgetTest : public ::testing::Test {
 protected:
  // The budget outlives its grants: a callback still holds its own when the test has heard from it.
  ~ByteBudgetTest() override { executor_.Join(); }

  storage::Executor executor_{1};
  ByteBudget budget_{100, executor_};
};

TEST_F(ByteBudgetTest, GrantsWhatIsFreeAndRefusesMore) {
  auto first = budget_.TryAcquire(60);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(budget_.TryAcquire(41).has_value());
  EXPECT_TRUE(budget_.TryAcquire(40).has_value());  // And goes at once.
  first->Release();
  EXPECT_EQ(budget_.in_use(), 0u);
}

TEST_F(ByteBudgetTest, KeepsFreeWhatItIsAskedTo) {
  EXPECT_FALSE(budget_.TryAcquire(51, 50).has_value());
  const auto grant = budget_.TryAcquire(50, 50);
  EXPECT_TRUE(grant.has_value());
  EXPECT_FALSE(budget_.TryAcquire(1, 50).has_value());
}

TEST_F(ByteBudgetTest, GrantGivesBackWhatItShrinksBy) {
  auto grant = *budget_.TryAcquire(80);
  grant.ShrinkTo(30);
  EXPECT_EQ(budget_.in_use(), 30u);
  grant.Merge(*budget_.TryAcquire(20));
  EXPECT_EQ(grant.bytes(), 50u);
  const ByteBudget::Grant moved = std::move(grant);
  EXPECT_EQ(budget_.in_use(), 50u);
}

TEST_F(ByteBudgetTest, AGrantIsSplitWithoutChangingWhatIsInUse) {
  auto grant = *budget_.TryAcquire(80);
  auto part = grant.Split(30);
  EXPECT_EQ(grant.bytes(), 50u);
  EXPECT_EQ(part.bytes(), 30u);
  EXPECT_EQ(grant.Split(60).bytes(), 50u);  // Given back at once.
  EXPECT_EQ(budget_.in_use(), 30u);
}

TEST_F(ByteBudgetTest, ServesThoseWhoWaitInTheirOrder) {
  auto all = budget_.TryAcquire(100);
  std::vector<int> order;
  std::promise<void> done;
  budget_.Acquire(90, [&](ByteBudget::Grant) { order.push_back(1); });
  budget_.Acquire(10, [&](ByteBudget::Grant) { order.push_back(2); });
  budget_.Acquire(100, [&](ByteBudget::Grant) {
    order.push_back(3);
    done.set_value();
  });
  EXPECT_EQ(budget_.waiting(), 3u);
  all->ShrinkTo(50);
  EXPECT_EQ(budget_.waiting(), 3u);  // The second would fit, but the first was first.
  all->Release();
  done.get_future().wait();
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

TEST_F(ByteBudgetTest, DoesNotServeTheImpatientBeforeThoseWhoWait) {
  auto half = budget_.TryAcquire(50);
  std::promise<ByteBudget::Grant> granted;
  budget_.Acquire(60, [&](ByteBudget::Grant grant) { granted.set_value(std::move(grant)); });
  EXPECT_FALSE(budget_.TryAcquire(10).has_value());
  half->Release();
  const ByteBudget::Grant grant = granted.get_future().get();
  EXPECT_EQ(grant.bytes(), 60u);
  EXPECT_TRUE(budget_.TryAcquire(10).has_value());
}

TEST_F(ByteBudgetTest, WhoLeavesSomethingFreeWaitsWithoutHoldingUpTheOthers) {
  auto most = budget_.TryAcquire(50);
  std::promise<ByteBudget::Grant> yielding;
  budget_.Acquire(30, 50, [&](ByteBudget::Grant grant) { yielding.set_value(std::move(grant)); });
  EXPECT_FALSE(budget_.TryAcquire(0, 50).has_value());
  std::promise<ByteBudget::Grant> needy;
  budget_.Acquire(50, [&](ByteBudget::Grant grant) { needy.set_value(std::move(grant)); });
  ByteBudget::Grant grant = needy.get_future().get();
  most->Release();
  EXPECT_EQ(budget_.waiting(), 1u);  // 50 are free, all of which it must leave.
  grant.ShrinkTo(20);
  EXPECT_EQ(yielding.get_future().get().bytes(), 30u);
}

TEST_F(ByteBudgetTest, GrantsAllThereIsToWhoeverAsksForMore) {
  std::promise<size_t> bytes;
  budget_.Acquire(1000, [&](ByteBudget::Grant grant) { bytes.set_value(grant.bytes()); });
  EXPECT_EQ(bytes.get_future().get(), 100u);
}

}  // namespace
}  // namespace playhead::broker
