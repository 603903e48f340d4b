#include "broker/age_clock.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace playhead::broker {
namespace {

class AgeClockTest : public ::testing::Test {
 protected:
  // Lets time pass, and looks at the clock, which is `ahead_` of it.
  absl::Time After(absl::Duration passed) {
    steady_ += passed;
    return clock_.Now(begin_ + steady_ + ahead_, steady_);
  }
  // The same; what it shows is as far ahead as it believes.
  void ExpectAhead(absl::Duration believed, absl::Duration passed) {
    const absl::Time shown = After(passed);
    EXPECT_EQ(shown, begin_ + steady_ + believed);
  }

  const absl::Time begin_ = absl::UnixEpoch() + absl::Hours(24 * 365 * 50);
  AgeClock clock_;
  absl::Duration steady_ = absl::Hours(3);
  absl::Duration ahead_ = absl::ZeroDuration();
};

TEST_F(AgeClockTest, ShowsWhatTheMachinesClockShows) {
  ExpectAhead(absl::ZeroDuration(), absl::ZeroDuration());
  ExpectAhead(absl::ZeroDuration(), absl::Hours(5));
}

TEST_F(AgeClockTest, FollowsAClockThatGainsLittleByLittle) {
  After(absl::ZeroDuration());
  for (int i = 0; i < 100; ++i) {
    ahead_ += absl::Seconds(30);
    ExpectAhead(ahead_, absl::Minutes(10));
  }
}

TEST_F(AgeClockTest, ALeapIsNotBelievedForAnHourAndThenIs) {
  After(absl::ZeroDuration());
  ahead_ = absl::Hours(24 * 365);
  ExpectAhead(absl::ZeroDuration(), absl::Seconds(5));
  EXPECT_TRUE(clock_.doubts());
  ExpectAhead(absl::ZeroDuration(), kLeapDoubted - absl::Seconds(1));
  ExpectAhead(ahead_, absl::Seconds(1));
  EXPECT_FALSE(clock_.doubts());
  ExpectAhead(ahead_, absl::Hours(1));
}

TEST_F(AgeClockTest, ALeapThatFollowsAnotherIsDoubtedAnewForAnHour) {
  After(absl::ZeroDuration());
  ahead_ = absl::Minutes(10);
  ExpectAhead(absl::ZeroDuration(), absl::Seconds(5));
  ExpectAhead(absl::ZeroDuration(), absl::Minutes(59));
  ahead_ = absl::Hours(24 * 365);
  ExpectAhead(absl::ZeroDuration(), absl::Minutes(2));
  ahead_ = absl::Minutes(10);  // Put right; the first one was.
  ExpectAhead(ahead_, absl::Hours(1));
}

TEST_F(AgeClockTest, ALeapThatIsPutRightInTimeNeverCounted) {
  After(absl::ZeroDuration());
  for (int i = 0; i < 3; ++i) {
    ahead_ = absl::Hours(1);
    ExpectAhead(absl::ZeroDuration(), absl::Minutes(50));
    ahead_ = absl::ZeroDuration();
    ExpectAhead(absl::ZeroDuration(), absl::Minutes(50));
    EXPECT_FALSE(clock_.doubts());
  }
}

TEST_F(AgeClockTest, GoesBackWithTheClockAtOnce) {
  After(absl::ZeroDuration());
  ahead_ = -absl::Hours(1);
  ExpectAhead(ahead_, absl::Seconds(5));
  EXPECT_FALSE(clock_.doubts());
}

}  // namespace
}  // namespace playhead::broker
