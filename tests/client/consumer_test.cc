// What a consumer delivers, what it settles and when, and what happens to both when a stream ends.

#include "client/consumer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/notification.h"
#include "client/client.h"
#include "client/mocks/fake_timers.h"
#include "proto/errors.h"
#include "proto/upstream_gap.h"
#include "tests/client/scripted_connection.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConsumerTest : public ::testing::Test {
 protected:
  void TearDown() override { connection_->ForgetAttempts(); }

  // Opens a consumer whose stream holds it.
  Consumer Open(ConsumeOptions options = {}, uint32_t ack_deadline_ms = 30'000) {
    options.close_timeout = absl::ZeroDuration();  // Of fake time, which nobody moves while a test ends.
    absl::StatusOr<Consumer> consumer = client_.Consume("crm", std::move(options));
    EXPECT_TRUE(consumer.ok()) << consumer.status();
    stream_ = connection_->NextConsume();
    open_ = stream_->Open(ack_deadline_ms);
    return *std::move(consumer);
  }

  // Lets the stream end and the next one be opened.
  void Reopen(const absl::Status& status) {
    stream_->End(status);
    timers_->Advance(*timers_->NextDelay());  // To the next attempt, and not to the end of its patience.
    stream_ = connection_->NextConsume();
    open_ = stream_->Open();
  }

  // The end that Close() waits for: fake time does not pass by itself.
  void Close(Consumer& consumer) {
    consumer.Close();
    std::atomic<bool> closed = false;
    std::thread ending([&consumer, &closed] {
      EXPECT_TRUE(consumer.WaitForClose().ok());
      closed = true;
    });
    while (!closed) timers_->Advance(absl::Milliseconds(1));
    ending.join();
    EXPECT_TRUE(stream_->cancelled());
  }

  static Delivery Next(Consumer& consumer) {
    absl::StatusOr<Delivery> delivery = consumer.Next();
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return delivery.ok() ? *delivery : Delivery();
  }

  // "bot 1,2 ack; ..." of the next request.
  static std::string Describe(const v1::ConsumeRequest& request) {
    std::vector<std::string> out;
    for (const v1::Settlement& settlement : request.settle().settlements()) {
      std::string action;
      if (settlement.has_ack()) action = "ack";
      if (settlement.has_nack())
        action = absl::StrCat("nack ", settlement.nack().delay_ms(), " ", settlement.nack().reason());
      if (settlement.has_park()) action = absl::StrCat("park ", settlement.park().reason());
      if (settlement.has_in_progress()) action = "in progress";
      const std::string which = settlement.up_to_cursor() != 0 ? absl::StrCat("up to ", settlement.up_to_cursor())
                                                               : absl::StrJoin(settlement.cursors(), ",");
      out.push_back(absl::StrCat(settlement.instance(), " ", which, " ", action));
    }
    return absl::StrJoin(out, "; ");
  }

  const std::shared_ptr<ScriptedConnection> connection_ = std::make_shared<ScriptedConnection>();
  const std::shared_ptr<FakeTimers> timers_ = std::make_shared<FakeTimers>();
  Client client_{connection_, {.timers = timers_}};
  std::shared_ptr<ScriptedConsume> stream_;
  v1::ConsumeRequest::Open open_;
};

TEST_F(ConsumerTest, WhatIsAskedForIsSaidAndTakingOverOnlyOnce) {
  v1::CreateConsumerRequest create;
  create.mutable_config()->mutable_source()->set_prefix("bot-");
  Consumer consumer = Open({.create = create, .take_over = true, .in_flight_max = 7});
  EXPECT_EQ(open_.consumer(), "crm");
  EXPECT_TRUE(open_.take_over());
  EXPECT_EQ(open_.in_flight_max(), 7u);
  EXPECT_EQ(open_.create().config().name(), "crm");
  EXPECT_EQ(open_.create().config().source().prefix(), "bot-");
  Reopen(absl::UnavailableError("gone"));
  EXPECT_FALSE(open_.take_over());
  Close(consumer);
}

TEST_F(ConsumerTest, OneThatPullsAcknowledgesWhenItAsksForTheNext) {
  Consumer consumer = Open();
  stream_->SendEvents("bot", {1, 2, 3}, {1, 4, 1});
  EXPECT_EQ(Next(consumer).event().data(), "1");
  EXPECT_FALSE(stream_->has_request());
  const Delivery second = Next(consumer);
  EXPECT_EQ(second.attempt(), 4u);
  EXPECT_EQ(second.instance(), "bot");
  const v1::ConsumeRequest first = stream_->TakeUnreported();
  EXPECT_EQ(Describe(first), "bot 1 ack");
  EXPECT_EQ(first.settle().number(), 1u);
  EXPECT_EQ(Next(consumer).event().cursor(), 3u);
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer.Next(absl::InfinitePast()).status()));
  EXPECT_FALSE(stream_->has_request()) << "one request at a time; what gathers meanwhile goes together";
  stream_->ReportWritten();
  EXPECT_EQ(Describe(stream_->Take()), "bot 2,3 ack");
  stream_->Confirm(2);
  Close(consumer);
}

TEST_F(ConsumerTest, BatchesAreAcknowledgedWhole) {
  Consumer consumer = Open();
  stream_->SendEvents("bot", {1, 2, 3});
  stream_->SendEvents("device", {9});
  DeliveryBatch batch;
  ASSERT_TRUE(consumer.NextBatch(batch).ok());
  EXPECT_EQ(batch.size(), 3u);
  ASSERT_TRUE(consumer.NextBatch(batch).ok());
  EXPECT_EQ(batch.instance(), "device");
  EXPECT_EQ(Describe(stream_->Take()), "bot 1,2,3 ack");
  stream_->Confirm(1);
  Close(consumer);
}

TEST_F(ConsumerTest, SettlementsByHandAreToldWhatBecameOfThem) {
  Consumer consumer = Open({.acknowledge = Acknowledge::kManually});
  stream_->SendEvents("bot", {1, 2, 3, 4, 5});
  std::vector<Delivery> deliveries;
  for (int i = 0; i < 5; ++i) deliveries.push_back(Next(consumer));
  std::vector<std::string> told;
  const auto note = [&told](const char* what) {
    return [&told, what](const absl::Status& status) {
      told.push_back(absl::StrCat(what, " ", absl::StatusCodeToString(status.code())));
    };
  };
  consumer.Ack(deliveries[1], note("ack"));
  const v1::ConsumeRequest first = stream_->TakeUnreported();
  EXPECT_EQ(Describe(first), "bot 2 ack");
  consumer.Nack(deliveries[0], absl::Seconds(2), "busy", note("nack"));
  consumer.Park(deliveries[2], "broken", note("park"));
  consumer.AckUpTo(deliveries[4], note("ack up to"));
  stream_->ReportWritten();
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 nack 2000 busy; bot 3 park broken; bot 4,5 ack");
  EXPECT_THAT(told, IsEmpty());
  consumer.Ack(deliveries[1], note("twice"));
  EXPECT_THAT(told, ElementsAre("twice FAILED_PRECONDITION"));
  stream_->Confirm(1);
  v1::ConsumeResponse refused;
  refused.mutable_refused()->set_number(2);
  auto& item = *refused.mutable_refused()->add_items();
  item.set_index(1);
  *item.mutable_error() = ToProto(MakeError(Reason::kNotHeld, "its deadline has passed"));
  stream_->Send(refused);
  stream_->Confirm(2);
  EXPECT_THAT(
      told, ElementsAre("twice FAILED_PRECONDITION", "ack OK", "nack OK", "park FAILED_PRECONDITION", "ack up to OK"));
  EXPECT_TRUE(consumer.Flush(absl::InfinitePast()).ok());
  Close(consumer);
}

TEST_F(ConsumerTest, WhatComesAgainIsNotAcknowledgedUnseen) {
  Consumer consumer = Open({.acknowledge = Acknowledge::kManually});
  stream_->SendEvents("bot", {1, 2});
  const Delivery first = Next(consumer);
  const Delivery second = Next(consumer);
  consumer.Nack(first, absl::ZeroDuration(), "");
  stream_->Take();
  // Cursor 1 may be on its way here by now.
  consumer.AckUpTo(second);
  EXPECT_EQ(Describe(stream_->Take()), "bot 2 ack");
  stream_->SendEvents("bot", {1}, {2});
  EXPECT_EQ(Next(consumer).attempt(), 2u);
  consumer.AckUpTo(second);
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 ack") << "it is here now";
  stream_->Confirm(3);
  Close(consumer);
}

TEST_F(ConsumerTest, WhatWasSettledByHandIsNotAcknowledgedBehindIt) {
  Consumer consumer = Open();
  stream_->SendEvents("bot", {1, 2});
  consumer.Nack(Next(consumer), absl::ZeroDuration(), "");
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 nack 0 ");
  stream_->SendEvents("bot", {1}, {2});
  EXPECT_EQ(Next(consumer).event().cursor(), 2u);
  EXPECT_EQ(Next(consumer).attempt(), 2u);
  EXPECT_EQ(Describe(stream_->Take()), "bot 2 ack");
  stream_->Confirm(2);
  Close(consumer);
}

TEST_F(ConsumerTest, WhatWasSettledByHandIsOfItsInstanceAlone) {
  Consumer consumer = Open();
  stream_->SendEvents("a", {5});
  const Delivery held = Next(consumer);
  stream_->SendEvents("b", {5});
  EXPECT_EQ(Next(consumer).instance(), "b");
  consumer.Nack(held, absl::ZeroDuration(), "too late");
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer.Next(absl::InfinitePast()).status()));
  std::string settled;
  while (!absl::StrContains(settled, "b 5 ack")) {
    const v1::ConsumeRequest request = stream_->Take();
    absl::StrAppend(&settled, Describe(request), "; ");
    stream_->Confirm(request.settle().number());
  }
  Close(consumer);
}

TEST_F(ConsumerTest, WhatComesAgainBehindAFailureOfItsHandlerIsAcknowledged) {
  Consumer consumer = Open({.nack_delay = absl::ZeroDuration()});
  consumer.On("t", [&](const Delivery& delivery) {
    return delivery.attempt() == 1 ? absl::UnavailableError("not yet") : absl::OkStatus();
  });
  consumer.Start();
  stream_->SendEvents("bot", {1});
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 nack 0 not yet");
  stream_->Confirm(1);
  stream_->SendEvents("bot", {1}, {2});
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 ack");
  stream_->Confirm(2);
  Close(consumer);
}

TEST_F(ConsumerTest, HandlersAcknowledgeByReturningOkAndElseItComesAgain) {
  Consumer consumer = Open({.nack_delay = absl::Seconds(3)});
  absl::Notification done;
  std::vector<std::string> seen;
  consumer.On("t", [&](const Delivery& delivery) {
    seen.push_back(std::string(delivery.event().data()));
    if (seen.size() == 3) done.Notify();
    return delivery.event().cursor() == 2 ? absl::UnavailableError("the database is away") : absl::OkStatus();
  });
  consumer.Start();
  stream_->SendEvents("bot", {1, 2, 3});
  done.WaitForNotification();
  std::vector<std::string> settled;
  while (settled.size() < 3) {
    const v1::ConsumeRequest request = stream_->Take();
    for (const auto& text : std::vector<std::string>(absl::StrSplit(Describe(request), "; "))) settled.push_back(text);
    stream_->Confirm(request.settle().number());
  }
  EXPECT_THAT(settled, ElementsAre("bot 1 ack", "bot 2 nack 3000 the database is away", "bot 3 ack"));
  Close(consumer);
}

TEST_F(ConsumerTest, AStreamThatEndsTakesWhatItBroughtAlong) {
  std::vector<int> attempts;
  Consumer consumer = Open({.acknowledge = Acknowledge::kManually,
                            .on_reconnect = [&](int attempt, const absl::Status&) { attempts.push_back(attempt); }});
  stream_->SendEvents("bot", {1, 2, 3});
  const Delivery first = Next(consumer);
  const Delivery second = Next(consumer);
  absl::Status told;
  consumer.Ack(first, [&told](const absl::Status& status) { told = status; });
  stream_->Take();
  Reopen(absl::UnavailableError("the broker went away"));
  EXPECT_TRUE(absl::IsUnavailable(told)) << told << ": it may count";
  EXPECT_THAT(attempts, ElementsAre(1));
  absl::Status late;
  consumer.Ack(second, [&late](const absl::Status& status) { late = status; });
  EXPECT_TRUE(HasReason(late, Reason::kNotHeld)) << late;
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer.Next(absl::InfinitePast()).status())) << "cursor 3 comes again";
  stream_->SendEvents("bot", {2, 3}, {2, 2});
  const Delivery again = Next(consumer);
  EXPECT_EQ(again.event().cursor(), 2u);
  consumer.Ack(again);
  EXPECT_EQ(Describe(stream_->Take()), "bot 2 ack");
  Close(consumer);
}

TEST_F(ConsumerTest, BeingTakenOverIsTheEnd) {
  Consumer consumer = Open();
  stream_->SendEvents("bot", {1});
  EXPECT_EQ(Next(consumer).event().cursor(), 1u);
  stream_->End(MakeError(Reason::kConsumerTakenOver, "another stream took it"));
  EXPECT_TRUE(HasReason(consumer.Next().status(), Reason::kConsumerTakenOver));
  EXPECT_TRUE(HasReason(consumer.WaitForClose(), Reason::kConsumerTakenOver));
  EXPECT_FALSE(connection_->has_attempt());
}

TEST_F(ConsumerTest, AnotherHolderIsWaitedFor) {
  absl::StatusOr<Consumer> consumer = client_.Consume("crm", {.close_timeout = absl::ZeroDuration()});
  ASSERT_TRUE(consumer.ok());
  connection_->NextConsume()->End(MakeError(Reason::kConsumerBusy, "another stream holds it"));
  timers_->Advance(*timers_->NextDelay());  // To the next attempt, and not to the end of its patience.
  stream_ = connection_->NextConsume();
  stream_->Open();
  EXPECT_TRUE(consumer->WaitForOpen().ok());
  Close(*consumer);
}

TEST_F(ConsumerTest, DeadlinesAreExtendedWhileTheProgramGoesOn) {
  Consumer consumer = Open({.extend_deadlines_max = absl::Seconds(60)}, 30'000);
  stream_->SendEvents("bot", {1, 2});
  stream_->SendEvents("device", {5});
  EXPECT_EQ(Next(consumer).event().cursor(), 1u);
  const auto beat = [this] {
    v1::ConsumeResponse heartbeat;
    heartbeat.mutable_heartbeat();
    stream_->Send(heartbeat);
  };
  timers_->Advance(absl::Seconds(10));
  EXPECT_EQ(Describe(stream_->Take()), "bot up to 2 in progress; device up to 5 in progress");
  stream_->Confirm(1);
  for (int i = 0; i < 5; ++i) {
    timers_->Advance(absl::Seconds(10));
    stream_->Take();
    beat();
  }
  timers_->Advance(absl::Seconds(10));
  beat();
  timers_->Advance(absl::Seconds(10));
  EXPECT_FALSE(stream_->has_request()) << "it has been at the first for longer than it may";
  stream_->Confirm(6);
  Close(consumer);
}

TEST_F(ConsumerTest, NoticesStandInTheirPlace) {
  std::vector<std::string> seen;
  absl::StatusOr<Consumer> consumer = client_.Consume("crm", {.close_timeout = absl::ZeroDuration()});
  ASSERT_TRUE(consumer.ok());
  consumer->OnOpen([&](const v1::ConsumeResponse::Opened&) { seen.push_back("open"); })
      .OnCaughtUp([&] { seen.push_back("caught up"); })
      .OnGap([&](const std::string& instance, const v1::Gap& gap) {
        seen.push_back(
            absl::StrCat("gap of ", instance, " ", v1::Gap::Cause_Name(gap.cause()), " ", gap.last_cursor()));
      });
  stream_ = connection_->NextConsume();
  stream_->Open();
  v1::ConsumeResponse message;
  message.set_instance("bot");
  message.mutable_gap()->set_cause(v1::Gap::TRIMMED);
  message.mutable_gap()->set_last_cursor(3);
  stream_->Send(message);
  message.Clear();
  message.set_instance("bot");
  for (uint64_t cursor = 4; cursor <= 5; ++cursor) {
    v1::Event& event = *message.add_events();
    event.set_cursor(cursor);
    event.set_type(cursor == 5 ? std::string(kUpstreamGapType) : "t");
    event.set_data(EncodeUpstreamGap({.from = 1, .to = 2}));
  }
  stream_->Send(message);
  message.Clear();
  message.mutable_caught_up();
  stream_->Send(message);
  for (int i = 0; i < 2; ++i) {
    const uint64_t cursor = Next(*consumer).event().cursor();
    seen.push_back(absl::StrCat("event ", cursor));
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer->Next(absl::InfinitePast()).status()));
  EXPECT_THAT(seen,
              ElementsAre("open", "gap of bot TRIMMED 3", "event 4", "gap of bot UPSTREAM 5", "event 5", "caught up"));
  Close(*consumer);
}

TEST_F(ConsumerTest, AFullBufferIsNotReadAnyFurther) {
  Consumer consumer = Open({.buffered_bytes_max = 1});
  EXPECT_FALSE(stream_->reading()) << "the notice that it is open waits to be told";
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer.Next(absl::InfinitePast()).status()));
  stream_->SendEvents("bot", {1});
  EXPECT_FALSE(stream_->reading());
  Next(consumer);
  EXPECT_TRUE(stream_->reading());
  Close(consumer);
}

TEST_F(ConsumerTest, AFullBufferHidesNoConfirmationFromOneWhoWaits) {
  Consumer consumer = Open({.acknowledge = Acknowledge::kManually, .buffered_bytes_max = 1});
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer.Next(absl::InfinitePast()).status()));
  stream_->SendEvents("bot", {1, 2});
  const Delivery first = Next(consumer);
  stream_->SendEvents("bot", {3});
  EXPECT_FALSE(stream_->reading());
  bool confirmed = false;
  consumer.Ack(first, [&confirmed](const absl::Status& status) { confirmed = status.ok(); });
  stream_->Take();
  stream_->Confirm(1);
  EXPECT_TRUE(confirmed);
  EXPECT_FALSE(stream_->reading());
  Close(consumer);
}

TEST_F(ConsumerTest, NoMoreIsAskedForThanWillBeTaken) {
  Consumer consumer = Open({.events_max = 3});
  EXPECT_TRUE(open_.manual_credit());
  EXPECT_EQ(stream_->Take().credit().events(), 3u);
  stream_->SendEvents("bot", {1, 2});
  EXPECT_EQ(Next(consumer).event().cursor(), 1u);
  Reopen(absl::UnavailableError("gone"));
  EXPECT_EQ(stream_->Take().credit().events(), 1u);
  stream_->SendEvents("bot", {1}, {2});
  EXPECT_EQ(Next(consumer).attempt(), 2u);
  EXPECT_EQ(stream_->Take().credit().events(), 1u) << "for the second one, which the first stream took along";
  stream_->SendEvents("bot", {2}, {2});
  EXPECT_EQ(Next(consumer).event().cursor(), 2u);
  EXPECT_EQ(Describe(stream_->Take()), "bot 1 ack") << "and no more credit";
  stream_->Confirm(1);
  Close(consumer);
}

TEST_F(ConsumerTest, CreditBeyondWhatTheBrokerRemembersIsGivenLater) {
  Consumer consumer = Open({.acknowledge = Acknowledge::kManually, .events_max = 10'001});
  EXPECT_EQ(stream_->Take().credit().events(), 10'000u);
  std::vector<uint64_t> cursors(5'000);
  std::iota(cursors.begin(), cursors.end(), uint64_t{1});
  stream_->SendEvents("bot", cursors);
  EXPECT_EQ(stream_->Take().credit().events(), 1u);
  Close(consumer);
}

TEST_F(ConsumerTest, OptionsOutOfRangeAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Consume("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Consume("crm", {.in_flight_max = 10'001}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Consume("crm", {.nack_delay = absl::Hours(13)}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Consume("crm", {.buffered_bytes_max = 0}).status()));
}

}  // namespace
}  // namespace playhead
