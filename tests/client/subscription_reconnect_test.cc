// How a subscription handles broken, silent and refused streams, on a clock that the test moves.

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "client/client.h"
#include "client/mocks/fake_timers.h"
#include "proto/errors.h"
#include "tests/client/scripted_connection.h"

namespace playhead {
namespace {

class SubscriptionReconnectTest : public ::testing::Test {
 protected:
  void TearDown() override { connection_->ForgetAttempts(); }

  Subscription Subscribe(Start start, SubscribeOptions options = {}, BackoffOptions backoff = {}) {
    Client client(connection_, {.backoff = backoff, .timers = timers_});
    absl::StatusOr<Subscription> subscription = client.Subscribe("bot", start, std::move(options));
    EXPECT_TRUE(subscription.ok()) << subscription.status();
    return *std::move(subscription);
  }

  // Lets the retry that is due fall due, and returns the attempt.
  std::shared_ptr<ScriptedSubscribe> Retry() {
    timers_->Advance(*timers_->NextDelay());
    return connection_->NextSubscribe();
  }

  static uint64_t NextCursor(Subscription& subscription) {
    const absl::StatusOr<Event> event = subscription.Next();
    EXPECT_TRUE(event.ok()) << event.status();
    return event.ok() ? event->cursor() : 0;
  }

  const std::shared_ptr<ScriptedConnection> connection_ = std::make_shared<ScriptedConnection>();
  const std::shared_ptr<FakeTimers> timers_ = std::make_shared<FakeTimers>();
};

TEST_F(SubscriptionReconnectTest, ResumesFromTheLastHandledEventAndHandsNoneOutTwice) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0);
  stream->SendEvents({1, 2, 3});
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_EQ(NextCursor(subscription), 2u);  // 1 is handled, 2 is being handled.
  stream->End(absl::UnavailableError("gone"));

  stream = Retry();
  EXPECT_EQ(stream->request().start().after_cursor(), 1u);
  stream->SendStarted(1);
  stream->SendEvents({2, 3, 4});
  EXPECT_EQ(NextCursor(subscription), 3u);
  EXPECT_EQ(NextCursor(subscription), 4u);
  EXPECT_EQ(subscription.position(), 3u);
}

TEST_F(SubscriptionReconnectTest, KeepsHandingOutWhatWasReceivedWhileTheBrokerIsAway) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0);
  stream->SendEvents({1, 2});
  stream->SendEvents({3});
  stream->End(absl::UnavailableError("gone"));
  for (uint64_t cursor = 1; cursor <= 3; ++cursor) EXPECT_EQ(NextCursor(subscription), cursor);
  EXPECT_EQ(Retry()->request().start().after_cursor(), 2u);
}

TEST_F(SubscriptionReconnectTest, DropsWhatAnEarlierStreamCarriedOnceANewOneIsOpen) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0);
  stream->SendEvents({1, 2});
  EXPECT_EQ(NextCursor(subscription), 1u);
  stream->End(absl::UnavailableError("gone"));
  // The log was restored to its first event, and goes on in a new epoch: 2 is not in it any more.
  constexpr uint64_t kSecondOfEpoch1 = (uint64_t{1} << 40) + 2;
  stream = Retry();
  stream->SendStarted(0);
  stream->SendEvents({1, kSecondOfEpoch1});
  EXPECT_EQ(NextCursor(subscription), kSecondOfEpoch1);
}

TEST_F(SubscriptionReconnectTest, StartAtNowIsMadeOnceAndThenResumedFrom) {
  Subscription subscription = Subscribe(Start::Now());
  auto stream = connection_->NextSubscribe();
  EXPECT_TRUE(stream->request().start().has_now());
  EXPECT_EQ(subscription.WaitForOpen(absl::InfinitePast()).code(), absl::StatusCode::kDeadlineExceeded);
  stream->SendStarted(41);
  EXPECT_TRUE(subscription.WaitForOpen().ok());
  stream->End(absl::UnavailableError("gone"));
  EXPECT_EQ(Retry()->request().start().after_cursor(), 41u);
}

TEST_F(SubscriptionReconnectTest, DelaysStayWithinAGrowingBoundThatAMessageResets) {
  std::vector<int> attempts;
  SubscribeOptions options;
  options.on_reconnect = [&attempts](int attempt, const absl::Status& cause) {
    EXPECT_TRUE(absl::IsUnavailable(cause));
    attempts.push_back(attempt);
  };
  Subscription subscription = Subscribe(Start::After(0), std::move(options));
  auto stream = connection_->NextSubscribe();
  for (const int bound_s : {1, 2, 4, 8, 16, 30, 30}) {
    stream->End(absl::UnavailableError("refused"));
    const auto delay = timers_->NextDelay();
    ASSERT_TRUE(delay.has_value());
    EXPECT_LE(*delay, absl::Seconds(bound_s));
    timers_->Advance(*delay);
    stream = connection_->NextSubscribe();
  }
  stream->SendStarted(0);
  stream->End(absl::UnavailableError("gone"));
  EXPECT_LE(*timers_->NextDelay(), absl::Seconds(1));
  EXPECT_EQ(attempts, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 1}));
}

TEST_F(SubscriptionReconnectTest, GivesUpWhenTheAllowedAttemptsAreUsedUp) {
  Subscription subscription = Subscribe(Start::After(0), {}, {.max_attempts = 2});
  connection_->NextSubscribe()->End(absl::UnavailableError("first"));
  Retry()->End(absl::UnavailableError("second"));
  Retry()->End(absl::UnavailableError("third"));
  EXPECT_EQ(subscription.Next().status(), absl::UnavailableError("third"));
  EXPECT_EQ(subscription.WaitForClose(), absl::UnavailableError("third"));
  EXPECT_FALSE(timers_->NextDelay().has_value());
}

TEST_F(SubscriptionReconnectTest, CloseStopsTheAttemptsAtOnce) {
  Subscription subscription = Subscribe(Start::After(0));
  connection_->NextSubscribe()->End(absl::UnavailableError("refused"));
  ASSERT_TRUE(timers_->NextDelay().has_value());
  subscription.Close();
  EXPECT_FALSE(timers_->NextDelay().has_value());
  EXPECT_FALSE(connection_->has_attempt());
  EXPECT_TRUE(absl::IsCancelled(subscription.Next().status()));
  EXPECT_TRUE(subscription.WaitForClose().ok());
}

TEST_F(SubscriptionReconnectTest, CloseEndsAWaitingNextAndTheStream) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0);
  std::thread closer([&] { subscription.Close(); });
  EXPECT_TRUE(absl::IsCancelled(subscription.Next().status()));
  closer.join();
  EXPECT_TRUE(stream->cancelled());
}

TEST_F(SubscriptionReconnectTest, OnReconnectMayClose) {
  Subscription* to_close = nullptr;
  SubscribeOptions options;
  options.on_reconnect = [&to_close](int, const absl::Status&) { to_close->Close(); };
  Subscription subscription = Subscribe(Start::After(0), std::move(options));
  to_close = &subscription;
  connection_->NextSubscribe()->End(absl::UnavailableError("refused"));
  EXPECT_TRUE(subscription.WaitForClose().ok());
  EXPECT_FALSE(timers_->NextDelay().has_value());
}

TEST_F(SubscriptionReconnectTest, ADivergedCursorIsTerminalAndSaysTheLastGoodOne) {
  Subscription subscription = Subscribe(Start::After(7));
  connection_->NextSubscribe()->End(
      MakeError(Reason::kCursorDiverged, "the log was restored", {.head = 5, .last_good = 4}));
  const absl::Status status = subscription.Next().status();
  EXPECT_TRUE(HasReason(status, Reason::kCursorDiverged)) << status;
  EXPECT_EQ(ToProto(status).last_good_cursor(), 4u);
  EXPECT_EQ(subscription.status(), status);
  EXPECT_FALSE(timers_->NextDelay().has_value());
}

TEST_F(SubscriptionReconnectTest, TrimmedHistoryAndOtherRefusalsAreTerminal) {
  for (const Reason reason : {Reason::kCursorTrimmed, Reason::kFilterInvalid, Reason::kDataLoss}) {
    Subscription subscription = Subscribe(Start::After(7));
    connection_->NextSubscribe()->End(MakeError(reason, "no"));
    EXPECT_TRUE(HasReason(subscription.Next().status(), reason));
  }
  Subscription subscription = Subscribe(Start::After(7));
  connection_->NextSubscribe()->End(absl::UnauthenticatedError("no key"));
  EXPECT_TRUE(absl::IsUnauthenticated(subscription.Next().status()));
}

TEST_F(SubscriptionReconnectTest, ATerminalErrorComesBehindTheEventsThatWereReceived) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0);
  stream->SendEvents({1, 2});
  stream->End(MakeError(Reason::kDataLoss, "rot"));
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_EQ(NextCursor(subscription), 2u);
  EXPECT_TRUE(HasReason(subscription.Next().status(), Reason::kDataLoss));
}

TEST_F(SubscriptionReconnectTest, AStreamThatEndsWithoutAnErrorIsOpenedAgain) {
  Subscription subscription = Subscribe(Start::After(3));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(3);
  stream->End(absl::OkStatus());
  EXPECT_EQ(Retry()->request().start().after_cursor(), 3u);
}

TEST_F(SubscriptionReconnectTest, AStreamSilentForThreeHeartbeatsIsGivenUp) {
  std::vector<absl::Status> causes;
  SubscribeOptions options;
  options.on_reconnect = [&causes](int, const absl::Status& cause) { causes.push_back(cause); };
  Subscription subscription = Subscribe(Start::After(0), std::move(options));
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0, /*heartbeat_interval_ms=*/1000);
  timers_->Advance(absl::Milliseconds(2900));
  EXPECT_FALSE(stream->cancelled());
  stream->SendHeartbeat(0);
  timers_->Advance(absl::Milliseconds(2900));
  EXPECT_FALSE(stream->cancelled());
  timers_->Advance(absl::Milliseconds(200));
  EXPECT_TRUE(stream->cancelled());
  stream->End(absl::CancelledError("as asked"));
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(causes[0])) << causes[0];
}

TEST_F(SubscriptionReconnectTest, SilenceWhileNothingIsAskedForIsNoSign) {
  Subscription subscription = Subscribe(Start::After(0), {.buffered_bytes_max = 1});
  auto stream = connection_->NextSubscribe();
  stream->SendStarted(0, /*heartbeat_interval_ms=*/1000);
  EXPECT_FALSE(stream->reading());  // The notice alone fills this buffer.
  timers_->Advance(absl::Minutes(5));
  EXPECT_FALSE(stream->cancelled());
}

TEST_F(SubscriptionReconnectTest, AStreamThatDoesNotOpenInTimeIsGivenUp) {
  Subscription subscription = Subscribe(Start::After(0));
  auto stream = connection_->NextSubscribe();
  timers_->Advance(absl::Seconds(19));
  EXPECT_FALSE(stream->cancelled());
  timers_->Advance(absl::Seconds(1));
  EXPECT_TRUE(stream->cancelled());
}

TEST_F(SubscriptionReconnectTest, ACloseDuringAnAttemptCancelsIt) {
  auto stream = [&] {
    Subscription subscription = Subscribe(Start::After(0));
    return connection_->NextSubscribe();
  }();
  EXPECT_TRUE(stream->cancelled());
  EXPECT_FALSE(timers_->NextDelay().has_value());
  stream->End(absl::CancelledError("as asked"));
}

}  // namespace
}  // namespace playhead
