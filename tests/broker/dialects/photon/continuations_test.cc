#include "broker/dialects/photon/continuations.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/seed.h"

namespace playhead::broker::photon {
namespace {

using storage::Cursor;
using storage::InstanceNumber;
using testing::Random;

Position At(uint64_t cursor) { return {InstanceNumber(1), Cursor(cursor), 0}; }

class ContinuationsTest : public ::testing::Test {
 protected:
  void Pass(absl::Duration duration) { now_ += absl::ToChronoNanoseconds(duration); }

  uint64_t Start(uint64_t from, const std::string& connection = "a") {
    return continuations_.FetchStarted(connection, At(from), now_);
  }
  void Reply(uint64_t fetch, uint64_t reached, std::optional<uint64_t> last_frame = std::nullopt) {
    Continuations::Reached end{At(reached), std::nullopt};
    if (last_frame) end.last_frame = At(*last_frame);
    continuations_.FetchReplied("a", fetch, end);
  }
  void End(uint64_t fetch, bool written = true) { continuations_.FetchEnded("a", fetch, written, now_); }
  // A fetch that goes well.
  void Fetch(uint64_t from, uint64_t reached, std::optional<uint64_t> last_frame = std::nullopt) {
    const uint64_t fetch = Start(from);
    Reply(fetch, reached, last_frame);
    End(fetch);
  }
  std::optional<Position> Take(const std::string& connection = "a") {
    return continuations_.Take(connection, /*wait_for_replies=*/false, now_).start;
  }

  Continuations::Options options_;
  Continuations continuations_{{.connections_max = 3, .fetches_max = 2}};
  SteadyTime now_ = SteadyTime(std::chrono::hours(1));
};

TEST_F(ContinuationsTest, AConnectionThatDidNothingHasNone) { EXPECT_EQ(Take(), std::nullopt); }

TEST_F(ContinuationsTest, AStreamStartsWhereTheFetchGot) {
  Fetch(3, 9);
  EXPECT_EQ(Take("b"), std::nullopt);
  EXPECT_EQ(Take(), At(9));
  EXPECT_EQ(Take(), std::nullopt);
}

TEST_F(ContinuationsTest, AFetchThatFailedOrIsStillUnderWayCountsFromItsStart) {
  const uint64_t failed = Start(3);
  End(failed, /*written=*/false);
  EXPECT_EQ(Take(), At(3));
  const uint64_t cancelled = Start(4);
  Reply(cancelled, 9);
  End(cancelled, /*written=*/false);
  EXPECT_EQ(Take(), At(4));
  const uint64_t under_way = Start(5);
  EXPECT_EQ(Take(), At(5));
  End(under_way);  // Taken already: leaves nothing.
  EXPECT_EQ(Take(), std::nullopt);
}

TEST_F(ContinuationsTest, TheLowestOfSeveralCounts) {
  Fetch(30, 40);
  Fetch(10, 20);
  Fetch(50, 60);
  EXPECT_EQ(Take(), At(20));
  EXPECT_EQ(Take(), std::nullopt);
}

TEST_F(ContinuationsTest, PagingOnLeavesTheLastPagesEnd) {
  Fetch(10, 20, 18);  // 19 and 20 are not rendered.
  Fetch(18, 30, 30);
  Fetch(30, 40, 40);
  EXPECT_EQ(Take(), At(40));
  Fetch(10, 20, 18);
  const uint64_t fails = Start(18);
  End(fails, /*written=*/false);
  EXPECT_EQ(Take(), At(18));
}

TEST_F(ContinuationsTest, PagingOnProvesThatAReplyArrived) {
  const uint64_t first = Start(10);
  Reply(first, 20, 18);
  Fetch(18, 30, 30);
  End(first);
  EXPECT_EQ(Take(), At(30));
}

TEST_F(ContinuationsTest, AnEmptyFetchStaysForItsOwnStreamThoughAnotherStreamFetchesFromThere) {
  Fetch(9, 9);
  Fetch(9, 12, 12);  // Of a second stream of the connection: what it got, the first has not.
  EXPECT_EQ(Take(), At(9));
  const uint64_t unwritten = Start(9);
  Reply(unwritten, 9);
  Fetch(9, 12, 12);
  End(unwritten);
  EXPECT_EQ(Take(), At(9));
}

TEST_F(ContinuationsTest, AClientThatPollsLeavesItsLastPollsEnd) {
  Fetch(9, 9);
  Pass(options_.empty_fetch_min);
  Fetch(9, 12, 12);
  Fetch(12, 14);
  Pass(options_.empty_fetch_min);
  Fetch(12, 16, 15);
  EXPECT_EQ(Take(), At(16));
}

TEST_F(ContinuationsTest, APositionThatIsReplacedCountsFromItsReplacement) {
  continuations_.Bounced("a", At(7), now_);
  const uint64_t fetch = Start(99);  // Not of the log, which ends at 7.
  continuations_.FetchReplaced("a", fetch, At(2));
  End(fetch, /*written=*/false);
  EXPECT_EQ(Take(), At(2));
}

TEST_F(ContinuationsTest, WhatIsPutBackIsTheNextStreams) {
  Fetch(3, 9);
  ASSERT_EQ(Take(), At(9));
  continuations_.PutBack("a", At(9), now_);
  EXPECT_EQ(Take(), At(9));
}

TEST_F(ContinuationsTest, AReplyWhoseFateIsOpenIsWaitedFor) {
  const uint64_t fetch = Start(3);
  Reply(fetch, 9);
  EXPECT_TRUE(continuations_.Take("a", /*wait_for_replies=*/true, now_).settling);
  End(fetch);
  const auto taken = continuations_.Take("a", /*wait_for_replies=*/true, now_);
  EXPECT_FALSE(taken.settling);
  EXPECT_EQ(taken.start, At(9));
}

TEST_F(ContinuationsTest, ABouncedStreamReturnsToTheHeadThatItWasBouncedAt) {
  continuations_.Bounced("a", At(7), now_);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Take(), At(7));
  EXPECT_EQ(Take(), std::nullopt);
}

TEST_F(ContinuationsTest, ASecondStreamRightBehindABounceDoesNotTakeItsPlace) {
  continuations_.Bounced("a", At(7), now_);
  Pass(absl::Milliseconds(50));
  EXPECT_EQ(Take(), std::nullopt);
  continuations_.Bounced("a", At(8), now_);
  Pass(absl::Milliseconds(60));
  EXPECT_EQ(Take(), At(7));
}

TEST_F(ContinuationsTest, AClientThatFetchesNeedsNoBounce) {
  continuations_.Bounced("a", At(7), now_);
  Fetch(3, 9);
  EXPECT_EQ(Take(), At(9));
  continuations_.Bounced("a", At(7), now_);
  Fetch(8, 9);  // A position beyond that head: another client's.
  EXPECT_EQ(Take(), At(7));
}

TEST_F(ContinuationsTest, MoreFetchesThanTheLimitCountFromTheirStart) {
  const uint64_t first = Start(30);
  const uint64_t second = Start(20);
  const uint64_t third = Start(10);
  for (const uint64_t fetch : {first, second, third}) {
    Reply(fetch, 50);
    End(fetch);
  }
  EXPECT_EQ(Take(), At(10));
}

TEST_F(ContinuationsTest, TheConnectionLongestUnusedIsForgottenAtTheLimit) {
  continuations_.Bounced("a", At(1), now_);
  continuations_.Bounced("b", At(2), now_);
  continuations_.Bounced("c", At(3), now_);
  continuations_.Bounced("a", At(1), now_);
  continuations_.Bounced("d", At(4), now_);
  EXPECT_EQ(continuations_.size(), 3u);
  Pass(absl::Seconds(1));
  EXPECT_EQ(Take("b"), std::nullopt);
  EXPECT_EQ(Take("a"), At(1));
  EXPECT_EQ(Take("c"), At(3));
  EXPECT_EQ(Take("d"), At(4));
  EXPECT_EQ(continuations_.size(), 0u);
}

TEST_F(ContinuationsTest, AnUnusedContinuationExpires) {
  Fetch(3, 9);
  Pass(options_.expiry - absl::Seconds(1));
  EXPECT_EQ(continuations_.size(), 1u);
  Pass(absl::Seconds(2));
  EXPECT_EQ(Take(), std::nullopt);
  EXPECT_EQ(continuations_.size(), 0u);
}

// The client as its library behaves, against a log that grows. Whatever
// fails, a stream never starts behind what the client has: that would be a loss.
class SimulatedClient {
 public:
  SimulatedClient(Continuations& continuations, Random& random) : continuations_(continuations), random_(random) {}

  void Step(uint64_t& head, SteadyTime& now) {
    now += std::chrono::milliseconds(random_.Skewed(2000));
    if (random_.OneIn(2)) head += random_.Skewed(20);
    if (!late_.empty() && random_.OneIn(2)) {  // The end of a fetch that the client has given up.
      continuations_.FetchEnded(late_.front().connection, late_.front().fetch, random_.OneIn(2), now);
      late_.pop_front();
    }
    if (streaming_) return Stream(head);
    if (random_.OneIn(20)) ++connection_;
    if (random_.OneIn(50)) {  // The process starts again, with the cursor that it saved.
      ++connection_;
      first_connect_ = true;
    }
    if (!first_connect_ && cursor_) Fetch(head, now);
    first_connect_ = false;
    Subscribe(head, now);
  }

  uint64_t streams() const { return streams_; }

 private:
  struct Late {
    std::string connection;
    uint64_t fetch;
  };

  std::string connection() const { return absl::StrCat("connection ", connection_); }

  void Stream(uint64_t head) {
    position_ += random_.Skewed(head - position_);
    cursor_ = position_;
    if (random_.OneIn(4)) streaming_ = false;
  }

  void Fetch(uint64_t head, SteadyTime now) {
    const uint64_t fetch = continuations_.FetchStarted(connection(), At(*cursor_), now);
    const bool answered = !random_.OneIn(3);
    const uint64_t reached = *cursor_ + random_.Skewed(head - *cursor_);
    if (answered) continuations_.FetchReplied(connection(), fetch, {At(reached), std::nullopt});
    if (answered && !random_.OneIn(3)) {
      cursor_ = reached;
      continuations_.FetchEnded(connection(), fetch, /*written=*/true, now);
    } else if (random_.OneIn(2)) {
      continuations_.FetchEnded(connection(), fetch, /*written=*/false, now);
    } else {
      late_.push_back({connection(), fetch});
    }
  }

  void Subscribe(uint64_t head, SteadyTime now) {
    const auto taken = continuations_.Take(connection(), /*wait_for_replies=*/false, now);
    if (!taken.start) return continuations_.Bounced(connection(), At(head), now);
    ASSERT_FALSE(cursor_ && *cursor_ < taken.start->cursor.value())
        << "the client has " << *cursor_ << " and the stream starts behind " << taken.start->cursor.value();
    position_ = taken.start->cursor.value();
    cursor_ = position_;  // The first heartbeat says so.
    streaming_ = true;
    ++streams_;
  }

  Continuations& continuations_;
  Random& random_;
  int connection_ = 0;
  bool first_connect_ = true;
  bool streaming_ = false;
  uint64_t position_ = 0;
  uint64_t streams_ = 0;
  std::optional<uint64_t> cursor_;
  std::deque<Late> late_;
};

TEST(ContinuationsModelTest, NoStreamEverStartsBehindWhatItsClientHas) {
  Random random(testing::TestSeed());
  uint64_t streams = 0;
  for (int run = 0; run < 200 && !::testing::Test::HasFatalFailure(); ++run) {
    Continuations continuations({});
    SimulatedClient client(continuations, random);
    uint64_t head = random.Below(50);
    SteadyTime now = SteadyTime(std::chrono::hours(1));
    for (int step = 0; step < 500 && !::testing::Test::HasFatalFailure(); ++step) client.Step(head, now);
    streams += client.streams();
  }
  EXPECT_GT(streams, 1000u);
}

}  // namespace
}  // namespace playhead::broker::photon
