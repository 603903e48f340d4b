#include "broker/http/deadline.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace playhead::broker::http {
namespace {

class Phase final : public Deadline::Owner {
 public:
  explicit Phase(boost::asio::io_context& context) : deadline(context) {}
  void OnDeadline() override {
    ++passed;
    if (on_passed) on_passed();
  }

  Deadline deadline;
  int passed = 0;
  absl::AnyInvocable<void()> on_passed;
};

class DeadlineTest : public ::testing::Test {
 protected:
  // Until no timer is set.
  void Run() {
    context_.restart();
    context_.run();
  }

  boost::asio::io_context context_;
  std::shared_ptr<Phase> phase_ = std::make_shared<Phase>(context_);
};

TEST_F(DeadlineTest, PassesOnce) {
  const absl::Time start = absl::Now();
  phase_->deadline.Set(absl::Milliseconds(10), phase_);
  Run();
  EXPECT_EQ(phase_->passed, 1);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(5));
}

TEST_F(DeadlineTest, MovesBothWays) {
  const absl::Time start = absl::Now();
  phase_->deadline.Set(absl::Milliseconds(5), phase_);
  phase_->deadline.Set(absl::Milliseconds(50), phase_);
  Run();
  EXPECT_EQ(phase_->passed, 1);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(40)) << "it is looked at when the timer rings";
  phase_->deadline.Set(absl::Hours(1), phase_);
  phase_->deadline.Set(absl::Milliseconds(5), phase_);
  Run();
  EXPECT_EQ(phase_->passed, 2) << "the timer is set for the earlier one";
}

TEST_F(DeadlineTest, DoesNotPassOnceCleared) {
  phase_->deadline.Set(absl::Milliseconds(5), phase_);
  phase_->deadline.Clear();
  Run();
  EXPECT_EQ(phase_->passed, 0);
}

TEST_F(DeadlineTest, MayBeSetAnewWhenItHasPassed) {
  phase_->on_passed = [this] {
    if (phase_->passed < 3) phase_->deadline.Set(absl::Milliseconds(1), phase_);
  };
  phase_->deadline.Set(absl::Milliseconds(1), phase_);
  Run();
  EXPECT_EQ(phase_->passed, 3);
}

TEST_F(DeadlineTest, KeepsItsOwnerUntilCancelled) {
  phase_->deadline.Set(absl::Hours(1), phase_);
  const std::weak_ptr<Phase> weak = phase_;
  phase_ = nullptr;
  ASSERT_FALSE(weak.expired());
  weak.lock()->deadline.Cancel();
  Run();
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace playhead::broker::http
