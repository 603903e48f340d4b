// The checker tells valid histories from invalid ones.
#include "tests/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace playhead::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Answer = AppendCall::Answer;

// `a` at 1 between 10 and 20, `b` and `c` as one batch between 30 and 40.
History TwoAppends() {
  History history;
  history.appends = {{{10, 20}, {"a"}, {}, Answer::kStored, 1}, {{30, 40}, {"b", "c"}, {}, Answer::kStored, 2}};
  history.log = {{1, "a"}, {2, "b"}, {3, "c"}};
  return history;
}

TEST(HistoryTest, WhatOneLogCouldAnswerIsGood) {
  History history = TwoAppends();
  history.reads = {{{5, 15}, 0, 0, {}},           // Before `a`, though it was under way.
                   {{12, 16}, 0, 1, {{1, "a"}}},  // Behind it, though it was not yet acknowledged.
                   {{31, 50}, 1, 1, {}},          // Before the batch.
                   {{35, 60}, 0, 3, {{1, "a"}, {2, "b"}, {3, "c"}}}};
  history.streams = {{{{13, {1, "a"}}, {32, {2, "b"}}, {70, {3, "c"}}}}, {}};
  history.appends.push_back({{50, 55}, {"d"}, 1, Answer::kMismatch});
  history.appends.push_back({{15, 45}, {"e"}, 1, Answer::kMismatch});  // Behind the batch.
  history.appends.push_back({{50}, {"f"}});                            // Nobody knows, and it is not there.
  EXPECT_THAT(FindViolations(history), IsEmpty());
  history.log.push_back({4, "f"});
  EXPECT_THAT(FindViolations(history), IsEmpty()) << "or it is";
}

TEST(HistoryTest, ALostEventIsSeen) {
  History history = TwoAppends();
  history.log.pop_back();
  EXPECT_THAT(FindViolations(history), ElementsAre(HasSubstr("not in the log as a whole"), HasSubstr("nobody's")));
  history.log.clear();
  EXPECT_THAT(FindViolations(history),
              ElementsAre("a was acknowledged at 1 and is lost", "b was acknowledged at 2 and is lost"));
}

TEST(HistoryTest, AnEventThatIsThereTwiceOrFromNowhereIsSeen) {
  History history = TwoAppends();
  history.log.push_back({4, "a"});
  EXPECT_THAT(FindViolations(history), ::testing::Contains("a is in the log twice"));
  history.log.back().tag = "z";
  EXPECT_THAT(FindViolations(history), ElementsAre("cursor 4 is nobody's"));
  history.appends.push_back({{50, 60}, {"z"}, 1, Answer::kMismatch});
  EXPECT_THAT(FindViolations(history), ::testing::Contains("z was refused and is in the log"));
}

TEST(HistoryTest, ALogAgainstTheOrderOfAnswersIsSeen) {
  History history = TwoAppends();
  history.appends[0].first_cursor = 3;
  history.appends[1].first_cursor = 1;
  history.log = {{1, "b"}, {2, "c"}, {3, "a"}};
  EXPECT_THAT(FindViolations(history),
              ElementsAre("a was there at 20 and was not yet at 30", "b was there at 20 and was not yet at 30"));
}

TEST(HistoryTest, AReadThatGoesBackIsSeen) {
  History history = TwoAppends();
  history.reads = {{{41, 45}, 0, 1, {{1, "a"}}}};
  EXPECT_THAT(FindViolations(history), ElementsAre(HasSubstr("b was there at 40 and was not yet at 41")));
  history = TwoAppends();
  history.reads = {{{31, 33}, 0, 3, {{1, "a"}, {2, "b"}, {3, "c"}}}, {{34, 36}, 1, 1, {}}};
  EXPECT_THAT(FindViolations(history), ElementsAre("b was there at 33 and was not yet at 34")) << "behind another read";
  history.reads.erase(history.reads.begin());
  history.streams = {{{{31, {1, "a"}}, {32, {2, "b"}}}}};
  EXPECT_THAT(FindViolations(history), ElementsAre("b was there at 32 and was not yet at 34")) << "behind a delivery";
}

TEST(HistoryTest, AReadOfWhatNobodyHadAskedForYetIsSeen) {
  History history = TwoAppends();
  history.reads = {{{21, 25}, 0, 3, {{1, "a"}, {2, "b"}, {3, "c"}}}};
  EXPECT_THAT(FindViolations(history), ::testing::Contains("b was there at 25 and was not yet at 30"));
}

TEST(HistoryTest, ABatchThatIsSeenInPartIsSeen) {
  History history = TwoAppends();
  history.reads = {{{31, 50}, 0, 2, {{1, "a"}, {2, "b"}}}};
  EXPECT_THAT(FindViolations(history), ElementsAre("a read saw the batch of b in part"));
}

TEST(HistoryTest, AReadOrAStreamThatSkipsOrMakesUpIsSeen) {
  History history = TwoAppends();
  history.reads = {{{41, 50}, 0, 3, {{1, "a"}, {3, "c"}}}, {{41, 50}, 0, 3, {{1, "x"}}}, {{41, 50}, 0, 3, {{1, "a"}}}};
  history.streams = {{{{50, {1, "a"}}, {50, {3, "c"}}}}, {{{50, {1, "x"}}}}};
  EXPECT_THAT(FindViolations(history),
              ElementsAre("a read skipped from 2 to 3", "a read saw x at 1, which is not so",
                          "a read that ends at 1 said that the head is 3", "a stream skipped from 2 to 3",
                          "a stream had x at 1, which is not so"));
}

TEST(HistoryTest, AConditionThatIsJudgedWronglyIsSeen) {
  History history = TwoAppends();
  history.appends[1].expected_cursor = 0;
  EXPECT_THAT(FindViolations(history), ElementsAre("b was to follow 0 and is at 2"));
  history = TwoAppends();
  history.appends.push_back({{21, 25}, {"d"}, 1, Answer::kMismatch});
  EXPECT_THAT(FindViolations(history), ElementsAre("d was refused, though the head was 1 all the time"));
}

}  // namespace
}  // namespace playhead::testing
