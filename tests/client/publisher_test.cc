// How a publisher batches, bounds, retries and refuses, against a scripted broker.

#include "client/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "client/mocks/fake_timers.h"
#include "proto/errors.h"
#include "tests/client/scripted_connection.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PublisherTest : public ::testing::Test {
 protected:
  void TearDown() override { connection_->ForgetAttempts(); }

  Publisher Make(PublisherOptions options = {}, BackoffOptions backoff = {}) {
    options.close_timeout = absl::ZeroDuration();
    Client client(connection_, {.backoff = backoff, .timers = timers_});
    absl::StatusOr<Publisher> publisher = client.NewPublisher(std::move(options));
    EXPECT_TRUE(publisher.ok()) << publisher.status();
    return *std::move(publisher);
  }

  // Appends an event whose data is `data`; what becomes of it is noted in results_.
  absl::Status Append(Publisher& publisher, absl::string_view instance, const std::string& data) {
    return publisher.TryAppend(instance, {.type = "t", .data = data}, [this, data](absl::StatusOr<Receipt> receipt) {
      absl::MutexLock lock(&mu_);
      results_.push_back(receipt.ok() ? absl::StrCat(data, "@", receipt->cursor, receipt->duplicate ? " duplicate" : "")
                                      : absl::StrCat(data, " ", ToProto(receipt.status()).code()));
    });
  }
  void MustAppend(Publisher& publisher, absl::string_view instance, const std::string& data) {
    const absl::Status status = Append(publisher, instance, data);
    EXPECT_TRUE(status.ok()) << status;
  }

  std::vector<std::string> results() {
    absl::MutexLock lock(&mu_);
    return results_;
  }

  // The request as "instance sequence: data data ...".
  static std::string Text(const v1::AppendRequest& request) {
    std::string text = absl::StrCat(request.instance(), " ", request.producer().sequence(), ":");
    for (const v1::Event& event : request.events()) absl::StrAppend(&text, " ", event.data());
    return text;
  }

  // The stream breaks, and the retry falls due.
  std::shared_ptr<ScriptedAppend> Break(ScriptedAppend& stream) {
    stream.End(absl::UnavailableError("gone"));
    timers_->Advance(*timers_->NextDelay());
    return connection_->NextAppendStream();
  }

  const std::shared_ptr<ScriptedConnection> connection_ = std::make_shared<ScriptedConnection>();
  const std::shared_ptr<FakeTimers> timers_ = std::make_shared<FakeTimers>();
  absl::Mutex mu_;
  std::vector<std::string> results_ ABSL_GUARDED_BY(mu_);
};

TEST_F(PublisherTest, SendsAtOnceWhileFewAreInFlightAndThenCollects) {
  Publisher publisher = Make({.producer_id = "p", .eager_batches = 2});
  for (const char* data : {"1", "2", "3", "4", "5"}) MustAppend(publisher, "bot", data);
  auto stream = connection_->NextAppendStream();
  const v1::AppendRequest first = stream->Take();
  const v1::AppendRequest second = stream->Take();
  EXPECT_EQ(Text(first), "bot 1: 1");
  EXPECT_EQ(first.producer().id(), "p");
  EXPECT_EQ(Text(second), "bot 2: 2");
  EXPECT_FALSE(stream->has_request());
  stream->Accept(first, 101);
  EXPECT_EQ(Text(stream->Take()), "bot 3: 3 4 5");
  EXPECT_THAT(results(), ElementsAre("1@101"));
}

TEST_F(PublisherTest, AFullBatchLeavesAndTakesThoseOpenedBeforeItAlong) {
  Publisher publisher = Make({.batch_events_max = 2, .eager_batches = 1});
  for (const char* data : {"1", "2", "3"}) MustAppend(publisher, "busy", data);
  MustAppend(publisher, "calm", "4");
  MustAppend(publisher, "busy", "5");
  MustAppend(publisher, "busy", "6");
  MustAppend(publisher, "busy", "7");
  auto stream = connection_->NextAppendStream();
  EXPECT_EQ(Text(stream->Take()), "busy 1: 1");
  EXPECT_EQ(Text(stream->Take()), "busy 2: 2 3");
  EXPECT_EQ(Text(stream->Take()), "calm 1: 4");
  EXPECT_EQ(Text(stream->Take()), "busy 4: 5 6");
  EXPECT_FALSE(stream->has_request());
}

TEST_F(PublisherTest, ABatchEndsBeforeItOutgrowsItsBytes) {
  Publisher publisher = Make({.batch_bytes_max = 1000, .linger = absl::Seconds(1)});
  for (int i = 0; i < 3; ++i) MustAppend(publisher, "bot", std::string(400, 'x'));
  auto stream = connection_->NextAppendStream();
  EXPECT_EQ(stream->Take().events_size(), 2);
  EXPECT_FALSE(stream->has_request());
}

TEST_F(PublisherTest, LingerCollectsForThatLong) {
  Publisher publisher = Make({.linger = absl::Milliseconds(5)});
  MustAppend(publisher, "bot", "1");
  timers_->Advance(absl::Milliseconds(4));
  MustAppend(publisher, "bot", "2");
  EXPECT_FALSE(connection_->has_attempt());
  timers_->Advance(absl::Milliseconds(1));
  EXPECT_EQ(Text(connection_->NextAppendStream()->Take()), "bot 1: 1 2");
  MustAppend(publisher, "bot", "3");
  EXPECT_EQ(timers_->NextDelay(), absl::Milliseconds(5));
}

TEST_F(PublisherTest, TheWindowBoundsWhatIsUnacknowledged) {
  Publisher publisher = Make({.eager_batches = 1, .window_events_max = 3});
  for (const char* data : {"1", "2", "3"}) MustAppend(publisher, "bot", data);
  EXPECT_TRUE(absl::IsResourceExhausted(Append(publisher, "bot", "4")));
  auto stream = connection_->NextAppendStream();
  const v1::AppendRequest first = stream->Take();
  EXPECT_EQ(Text(stream->Take()), "bot 2: 2 3");  // Sent, although one is in flight: nothing more could join it.
  std::thread blocked([&] { EXPECT_TRUE(publisher.Append("bot", {.type = "t", .data = "4"}, nullptr).ok()); });
  stream->Accept(first, 1);
  blocked.join();
  EXPECT_TRUE(absl::IsResourceExhausted(Append(publisher, "bot", "5")));
}

TEST_F(PublisherTest, TheWindowBoundsBytesToo) {
  Publisher publisher = Make({.window_bytes_max = 1000});
  MustAppend(publisher, "bot", std::string(5000, 'x'));  // Larger than the window: passes alone.
  EXPECT_TRUE(absl::IsResourceExhausted(Append(publisher, "bot", "2")));
}

TEST_F(PublisherTest, ABlockedAppendEndsWithClose) {
  Publisher publisher = Make({.window_events_max = 1});
  MustAppend(publisher, "bot", "1");
  std::thread blocked(
      [&] { EXPECT_TRUE(absl::IsFailedPrecondition(publisher.Append("bot", {.type = "t", .data = "2"}, nullptr))); });
  EXPECT_FALSE(publisher.Close(absl::InfinitePast()).ok());
  blocked.join();
}

TEST_F(PublisherTest, ABrokenStreamIsFollowedByTheSameRequestsInTheSameOrder) {
  Publisher publisher = Make({.eager_batches = 3});
  for (const char* data : {"1", "2", "3"}) MustAppend(publisher, "bot", data);
  MustAppend(publisher, "other", "4");
  auto stream = connection_->NextAppendStream();
  const v1::AppendRequest first = stream->Take();
  const std::string second = stream->Take().SerializeAsString();
  const std::string third = stream->Take().SerializeAsString();
  stream->Accept(first, 1);
  auto next = Break(*stream);
  const v1::AppendRequest second_again = next->Take();
  EXPECT_EQ(second_again.SerializeAsString(), second);
  EXPECT_EQ(next->Take().SerializeAsString(), third);
  next->Accept(second_again, 2, /*duplicates=*/{0});  // It had been stored before the stream broke.
  EXPECT_THAT(results(), ElementsAre("1@1", "2@2 duplicate"));
  EXPECT_EQ(Text(next->Take()), "other 1: 4");
}

TEST_F(PublisherTest, RepliesOfAnEarlierStreamAreIgnored) {
  Publisher publisher = Make();
  MustAppend(publisher, "bot", "1");
  auto stream = connection_->NextAppendStream();
  const v1::AppendRequest request = stream->Take();
  auto next = Break(*stream);
  stream->Accept(request, 1);
  EXPECT_THAT(results(), IsEmpty());
  next->Accept(next->Take(), 1);
  EXPECT_THAT(results(), ElementsAre("1@1"));
}

TEST_F(PublisherTest, RetriesReportTheirCauseAndStopWhenUsedUp) {
  std::vector<int> attempts;
  PublisherOptions options;
  options.on_reconnect = [&](int attempt, const absl::Status& cause) {
    EXPECT_TRUE(absl::IsUnavailable(cause));
    attempts.push_back(attempt);
  };
  Publisher publisher = Make(std::move(options), {.max_attempts = 2});
  MustAppend(publisher, "bot", "1");
  auto stream = Break(*connection_->NextAppendStream());
  stream = Break(*stream);
  stream->End(absl::UnavailableError("gone"));
  EXPECT_THAT(attempts, ElementsAre(1, 2));
  EXPECT_THAT(results(), ElementsAre("1 APPEND_UNCERTAIN"));
  EXPECT_EQ(Append(publisher, "bot", "2"), absl::UnavailableError("gone"));
  EXPECT_THAT(std::string(publisher.Flush().message()), HasSubstr("UNAVAILABLE: gone"));
}

TEST_F(PublisherTest, AnIdlePublisherReconnectsOnlyWhenItHasSomethingToSend) {
  Publisher publisher = Make();
  MustAppend(publisher, "bot", "1");
  auto stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 1);
  stream->End(MakeError(Reason::kShuttingDown, "bye"));
  EXPECT_FALSE(timers_->NextDelay().has_value());
  EXPECT_FALSE(connection_->has_attempt());
  MustAppend(publisher, "bot", "2");
  EXPECT_EQ(Text(connection_->NextAppendStream()->Take()), "bot 2: 2");
}

TEST_F(PublisherTest, ARetryableRefusalIsRetriedInOrder) {
  Publisher publisher = Make({.eager_batches = 2});
  MustAppend(publisher, "bot", "1");
  MustAppend(publisher, "bot", "2");
  auto stream = connection_->NextAppendStream();
  stream->Take();
  stream->Take();
  const absl::Status uncertain = MakeError(Reason::kAppendUncertain, "the sync failed");
  stream->Refuse(uncertain);
  stream->Refuse(MakeError(Reason::kPreviousFailed, "behind it"));
  EXPECT_TRUE(stream->cancelled());
  EXPECT_THAT(results(), IsEmpty());
  stream->End(uncertain);
  timers_->Advance(*timers_->NextDelay());
  auto next = connection_->NextAppendStream();
  EXPECT_EQ(Text(next->Take()), "bot 1: 1");
  EXPECT_EQ(Text(next->Take()), "bot 2: 2");
}

TEST_F(PublisherTest, ARefusalFailsWhatIsBehindItForItsInstanceUntilAppendsAreResumed) {
  Publisher publisher = Make({.eager_batches = 3});
  MustAppend(publisher, "bot", "1");
  MustAppend(publisher, "bot", "2");
  MustAppend(publisher, "other", "3");
  MustAppend(publisher, "bot", "4");  // Still collecting.
  auto stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 1);
  stream->Take();
  const absl::Status refusal = MakeError(Reason::kEventTooLarge, "at most 1 MiB");
  stream->Refuse(refusal);
  EXPECT_THAT(results(), ElementsAre("1@1", "2 EVENT_TOO_LARGE", "4 PREVIOUS_FAILED"));
  EXPECT_TRUE(HasReason(Append(publisher, "bot", "5"), Reason::kPreviousFailed));

  // The other instance goes on, without a delay: nothing is wrong with the connection.
  stream->End(refusal);
  auto next = connection_->NextAppendStream();
  const v1::AppendRequest other = next->Take();
  EXPECT_EQ(Text(other), "other 1: 3");
  next->Accept(other, 1);
  EXPECT_EQ(publisher.Flush(), refusal);
  EXPECT_TRUE(publisher.Flush().ok());

  publisher.ResumeAppends("bot");
  MustAppend(publisher, "bot", "6");
  EXPECT_EQ(Text(next->Take()), "bot 2: 6");
}

TEST_F(PublisherTest, AnInstanceThatMayStoreNoMoreHoldsUpNoOther) {
  Publisher publisher = Make({.eager_batches = 3});
  MustAppend(publisher, "full", "1");
  MustAppend(publisher, "other", "2");
  auto stream = connection_->NextAppendStream();
  stream->Take();
  const absl::Status full = MakeQuotaError("instance.stored_bytes", "it stores too much", absl::Seconds(30));
  stream->Refuse(full);
  EXPECT_THAT(results(), ElementsAre("1 QUOTA_EXCEEDED"));
  stream->End(full);
  auto next = connection_->NextAppendStream();
  EXPECT_EQ(Text(next->Take()), "other 1: 2");
  publisher.ResumeAppends("full");
  MustAppend(publisher, "full", "1");
  EXPECT_EQ(Text(next->Take()), "full 1: 1");
}

TEST_F(PublisherTest, ARefusalMakesRoomForWhatOthersCollected) {
  Publisher publisher = Make({.eager_batches = 1});
  MustAppend(publisher, "bot", "1");
  MustAppend(publisher, "other", "2");
  auto stream = connection_->NextAppendStream();
  stream->Take();
  const absl::Status refusal = MakeError(Reason::kEventTooLarge, "at most 1 MiB");
  stream->Refuse(refusal);
  stream->End(refusal);
  EXPECT_EQ(Text(connection_->NextAppendStream()->Take()), "other 1: 2");
}

TEST_F(PublisherTest, AStreamRefusedAsAWholeFailsEverythingForGood) {
  Publisher publisher = Make();
  MustAppend(publisher, "bot", "1");
  const absl::Status refusal = MakeError(Reason::kUnauthenticated, "no key");
  connection_->NextAppendStream()->End(refusal);
  EXPECT_THAT(results(), ElementsAre("1 UNAUTHENTICATED"));
  EXPECT_EQ(Append(publisher, "other", "2"), refusal);
}

TEST_F(PublisherTest, WhatWasSentOverABrokenStreamAndIsThenRefusedMayBeStored) {
  Publisher publisher = Make({.eager_batches = 3});
  MustAppend(publisher, "bot", "1");
  MustAppend(publisher, "other", "2");
  MustAppend(publisher, "bot", "3");
  MustAppend(publisher, "bot", "4");  // Still collecting.
  auto stream = connection_->NextAppendStream();
  for (int i = 0; i < 3; ++i) stream->Take();
  stream = Break(*stream);
  const absl::Status refusal = MakeError(Reason::kPermissionDenied, "not any more");
  stream->Refuse(refusal);
  EXPECT_THAT(results(), ElementsAre("1 APPEND_UNCERTAIN", "3 APPEND_UNCERTAIN", "4 PREVIOUS_FAILED"));
  EXPECT_TRUE(absl::IsDeadlineExceeded(publisher.Flush(absl::InfinitePast()))) << "the other instance goes on";
  stream->End(refusal);
  stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 1);
  EXPECT_THAT(std::string(publisher.Flush().message()), HasSubstr("not any more"));
}

TEST_F(PublisherTest, WhatWasSentOverABrokenStreamMayBeStoredIfTheNextIsRefusedAsAWhole) {
  Publisher publisher = Make({.eager_batches = 1});
  MustAppend(publisher, "bot", "1");
  auto stream = connection_->NextAppendStream();
  stream->Take();
  MustAppend(publisher, "bot", "2");
  stream = Break(*stream);
  stream->Take();
  EXPECT_TRUE(absl::IsDeadlineExceeded(publisher.Flush(absl::InfinitePast())));
  EXPECT_EQ(Text(stream->Take()), "bot 2: 2");
  stream->End(MakeError(Reason::kKeyRevoked, "revoked"));
  EXPECT_THAT(results(), ElementsAre("1 APPEND_UNCERTAIN", "2 KEY_REVOKED")) << "the broker answers what it stores";
}

TEST_F(PublisherTest, OnlyWhatTheBrokersWordLeavesOpenIsUncertain) {
  Publisher publisher = Make({.eager_batches = 2});
  MustAppend(publisher, "bot", "1");
  MustAppend(publisher, "other", "2");
  const auto refuse = [&](const absl::Status& status) {
    auto stream = connection_->NextAppendStream();
    stream->Take();
    stream->Take();
    stream->Refuse(status);
    stream->End(status);
    timers_->Advance(timers_->NextDelay().value_or(absl::ZeroDuration()));
  };
  refuse(MakeError(Reason::kDiskLow, "nothing is stored"));
  const absl::Status too_large = MakeError(Reason::kEventTooLarge, "at most 1 MiB");
  refuse(too_large);
  EXPECT_THAT(results(), ElementsAre("1 EVENT_TOO_LARGE"));
  publisher.ResumeAppends("bot");
  MustAppend(publisher, "bot", "3");
  refuse(MakeError(Reason::kAppendUncertain, "the sync failed"));  // Of both: they may have shared it.
  refuse(too_large);
  EXPECT_THAT(results(), ElementsAre("1 EVENT_TOO_LARGE", "2 APPEND_UNCERTAIN"));
  auto stream = connection_->NextAppendStream();
  stream->Take();
  stream->Refuse(too_large);
  EXPECT_THAT(results(), ElementsAre("1 EVENT_TOO_LARGE", "2 APPEND_UNCERTAIN", "3 APPEND_UNCERTAIN"));
}

TEST_F(PublisherTest, WhatIsBeyondAQuotaIsNotStoredWhateverBecameOfItsFirstStream) {
  Publisher publisher = Make();
  MustAppend(publisher, "full", "1");
  auto stream = Break(*connection_->NextAppendStream());
  stream->Refuse(MakeQuotaError("instance.stored_bytes", "it stores too much", absl::Seconds(30)));
  EXPECT_THAT(results(), ElementsAre("1 QUOTA_EXCEEDED"));
}

TEST_F(PublisherTest, NumberingGoesOnBehindWhatTurnsOutToBeStored) {
  Publisher publisher = Make({.eager_batches = 1});
  MustAppend(publisher, "bot", "1");
  auto stream = Break(*connection_->NextAppendStream());
  const absl::Status refusal = MakeError(Reason::kPermissionDenied, "for now");
  stream->Refuse(refusal);
  stream->End(refusal);
  publisher.ResumeAppends("bot");
  MustAppend(publisher, "bot", "other");
  stream = connection_->NextAppendStream();
  EXPECT_EQ(Text(stream->Take()), "bot 1: other");
  const absl::Status conflict = MakeError(Reason::kIdConflict, "1 is another event", {.next_sequence = 2});
  stream->Refuse(conflict);
  stream->End(conflict);
  EXPECT_THAT(results(), ElementsAre("1 APPEND_UNCERTAIN", "other ID_CONFLICT"));
  publisher.ResumeAppends("bot");
  MustAppend(publisher, "bot", "other");
  EXPECT_EQ(Text(connection_->NextAppendStream()->Take()), "bot 2: other");
}

TEST_F(PublisherTest, AnEventThatBreaksALimitIsNotAccepted) {
  Publisher publisher = Make();
  const auto append = [&](absl::string_view instance, const NewEvent& event) {
    return publisher.TryAppend(instance, event, [](absl::StatusOr<Receipt>) { FAIL(); });
  };
  EXPECT_TRUE(HasReason(append("no blanks", {.type = "t"}), Reason::kInstanceNameInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = ""}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = std::string(129, 't')}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = "a\nb"}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = "t", .id = "\xff"}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = "t", .id = std::string(257, 'i')}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = "t", .attributes = {{"k", "1"}, {"k", "2"}}}), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(append("bot", {.type = "t", .attributes = {{"", "1"}}}), Reason::kEventInvalid));
  EXPECT_TRUE(
      HasReason(append("bot", {.type = "t", .data = std::string(size_t{3} << 20, 'x')}), Reason::kEventTooLarge));
  // None of them has taken a sequence.
  MustAppend(publisher, "bot", "1");
  EXPECT_EQ(Text(connection_->NextAppendStream()->Take()), "bot 1: 1");
}

TEST_F(PublisherTest, NumbersEachInstanceFromTheGivenSequence) {
  Publisher publisher = Make({.producer_id = "import", .first_sequence = 100});
  MustAppend(publisher, "a", "1");
  MustAppend(publisher, "b", "2");
  MustAppend(publisher, "a", "3");
  auto stream = connection_->NextAppendStream();
  EXPECT_EQ(Text(stream->Take()), "a 100: 1");
  EXPECT_EQ(Text(stream->Take()), "b 100: 2");
  EXPECT_EQ(Text(stream->Take()), "a 101: 3");
}

TEST_F(PublisherTest, RandomProducerIdsDiffer) { EXPECT_NE(Make().producer_id(), Make().producer_id()); }

TEST_F(PublisherTest, FlushSendsWhatIsCollectedAndWaitsForIt) {
  Publisher publisher = Make({.linger = absl::Hours(1)});
  MustAppend(publisher, "bot", "1");
  EXPECT_TRUE(absl::IsDeadlineExceeded(publisher.Flush(absl::InfinitePast())));
  auto stream = connection_->NextAppendStream();
  const v1::AppendRequest request = stream->Take();
  MustAppend(publisher, "bot", "2");  // Behind the flush.
  std::thread flush([&] { EXPECT_TRUE(publisher.Flush().ok()); });
  stream->Accept(request, 1);
  stream->Accept(stream->Take(), 2);  // That flush may have come before or after it; now it is done with.
  flush.join();
  EXPECT_THAT(results(), ElementsAre("1@1", "2@2"));
}

TEST_F(PublisherTest, FuturesCarryReceiptsAndRefusals) {
  Publisher publisher = Make();
  auto receipt = publisher.Append("bot", {.type = "t", .data = "1"});
  auto refused = publisher.Append("bot", {.type = ""});
  EXPECT_TRUE(HasReason(refused.get().status(), Reason::kEventInvalid));
  auto stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 9);
  EXPECT_EQ(receipt.get()->cursor, 9u);
}

TEST_F(PublisherTest, CallbacksMayAppend) {
  Publisher publisher = Make();
  ASSERT_TRUE(publisher
                  .TryAppend("bot", {.type = "t", .data = "1"},
                             [&](absl::StatusOr<Receipt>) { MustAppend(publisher, "bot", "2"); })
                  .ok());
  auto stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 1);
  EXPECT_EQ(Text(stream->Take()), "bot 2: 2");
}

TEST_F(PublisherTest, CloseSaysOfEachEventWhetherItMayBeStored) {
  Publisher publisher = Make({.eager_batches = 1});
  MustAppend(publisher, "bot", "1");
  auto stream = connection_->NextAppendStream();
  stream->Take();
  stream->End(absl::UnavailableError("gone"));
  MustAppend(publisher, "bot", "2");
  EXPECT_TRUE(HasReason(publisher.Close(absl::InfinitePast()), Reason::kAppendUncertain));
  EXPECT_THAT(results(), ElementsAre("1 APPEND_UNCERTAIN", "2 CANCELLED"));
  EXPECT_FALSE(timers_->NextDelay().has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition(Append(publisher, "bot", "3")));
}

TEST_F(PublisherTest, ACleanCloseEndsTheStreamInOrder) {
  Publisher publisher = Make();
  MustAppend(publisher, "bot", "1");
  auto stream = connection_->NextAppendStream();
  stream->Accept(stream->Take(), 1);
  EXPECT_TRUE(publisher.Close().ok());
  EXPECT_TRUE(stream->writes_done());
  EXPECT_FALSE(stream->cancelled());
  stream->End(absl::OkStatus());
}

TEST_F(PublisherTest, RefusesOptionsOutOfRange) {
  Client client(connection_, {.timers = timers_});
  for (const PublisherOptions& options :
       {PublisherOptions{.producer_id = "no blanks"}, PublisherOptions{.first_sequence = 0},
        PublisherOptions{.batch_events_max = 10'001}, PublisherOptions{.batch_bytes_max = size_t{4} << 20},
        PublisherOptions{.eager_batches = 0}, PublisherOptions{.linger = absl::Seconds(-1)}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(client.NewPublisher(options).status()));
  }
}

}  // namespace
}  // namespace playhead
