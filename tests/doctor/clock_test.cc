#include "tools/doctor/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;

TEST(DoctorClockTest, AClockBehindTheStoreIsAProblem) {
  const absl::Time now = absl::Now();
  EXPECT_EQ(JudgeClock(now, now - absl::Hours(1), true).severity, Severity::kGood);
  EXPECT_EQ(JudgeClock(now, absl::InfinitePast(), true).severity, Severity::kGood);
  EXPECT_EQ(JudgeClock(now, now - absl::Hours(1), false).code, "CLOCK_NOT_KEPT");
  const Diagnosis behind = JudgeClock(now, now + absl::Hours(2), true);
  EXPECT_EQ(behind.severity, Severity::kProblem);
  EXPECT_THAT(behind.finding, HasSubstr("2h behind"));
}

}  // namespace
}  // namespace playhead::tools
