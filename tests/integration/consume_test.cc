// Consumers.Consume over real gRPC: what is delivered, settled and redelivered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/consume_session.h"
#include "tests/support/consumers_client.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using testing::CallOutcome;
using testing::ConsumerOf;
using testing::ConsumersClient;
using testing::ConsumeSession;
using ::testing::ElementsAre;
using testing::ExpectRefused;
using testing::HeldEvent;
using testing::OpenOf;
using testing::TestServer;

std::vector<uint64_t> Cursors(const std::vector<HeldEvent>& events) {
  std::vector<uint64_t> cursors;
  for (const HeldEvent& event : events) cursors.push_back(event.cursor);
  return cursors;
}

std::vector<uint32_t> Attempts(const std::vector<HeldEvent>& events) {
  std::vector<uint32_t> attempts;
  for (const HeldEvent& event : events) attempts.push_back(event.attempt);
  return attempts;
}

class ConsumeTest : public ::testing::Test {
 protected:
  // Opens the consumer "reader" of "device", which it makes if need be.
  std::unique_ptr<ConsumeSession> Open() { return Open(OpenOf(ConsumerOf("reader", "device"))); }
  std::unique_ptr<ConsumeSession> Open(const v1::ConsumeRequest::Open& open) {
    return std::make_unique<ConsumeSession>(server_.channel(), open);
  }
  void Append(uint64_t count) { AppendNumbered(server_.log(), "device", 1, count); }

  TestServer server_;
  ConsumersClient consumers_{server_.channel()};
};

TEST_F(ConsumeTest, TheDeadlineIsHalfAMinuteUnlessAnotherIsNamed) {
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->clear_ack_deadline_ms();
  v1::ConsumeResponse::Opened opened;
  ASSERT_TRUE(Open(OpenOf(create))->AwaitOpened(&opened));
  EXPECT_EQ(opened.config().ack_deadline_ms(), 30'000u);
}

TEST_F(ConsumeTest, HistoryThenLiveAndGoesOnWhereItWasConfirmed) {
  Append(3);
  auto session = Open();
  v1::ConsumeResponse::Opened opened;
  ASSERT_TRUE(session->AwaitOpened(&opened));
  EXPECT_TRUE(opened.created());
  EXPECT_EQ(opened.position().cursor(), 0u);
  EXPECT_EQ(opened.in_flight_max(), 1000u);
  EXPECT_EQ(opened.config().attempts_max(), 16u);
  EXPECT_GT(opened.heartbeat_interval_ms(), 0u);
  const std::vector<HeldEvent> history = session->Take(3);
  EXPECT_THAT(Cursors(history), ElementsAre(1, 2, 3));
  EXPECT_THAT(Attempts(history), ElementsAre(1, 1, 1));
  EXPECT_EQ(history[0].instance, "device");
  ASSERT_TRUE(session->AwaitCaughtUp());
  Append(1);
  EXPECT_THAT(Cursors(session->Take(1)), ElementsAre(4));
  ASSERT_TRUE(session->AwaitConfirmed(session->AckUpTo("", 3)));
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 1u);
  EXPECT_TRUE(session->End().ok());

  session = Open();
  ASSERT_TRUE(session->AwaitOpened(&opened));
  EXPECT_FALSE(opened.created());
  EXPECT_THAT(Cursors(session->Take(1)), ElementsAre(4)) << "the only one that was not settled";
}

TEST_F(ConsumeTest, WhatAStreamDidNotSettleComesAgainWithOneMoreAttempt) {
  Append(4);
  auto session = Open();
  const std::vector<HeldEvent> events = session->Take(4);
  ASSERT_EQ(events.size(), 4u);
  session->Ack(events[1]);
  ASSERT_TRUE(session->AwaitConfirmed(session->Ack(events[3])));
  EXPECT_TRUE(session->End().ok());

  session = Open();
  const std::vector<HeldEvent> again = session->Take(2);
  EXPECT_THAT(Cursors(again), ElementsAre(1, 3));
  EXPECT_THAT(Attempts(again), ElementsAre(2, 2));
  ASSERT_TRUE(session->AwaitConfirmed(session->AckUpTo("device", 3)));
  Append(1);
  EXPECT_THAT(Cursors(session->Take(1)), ElementsAre(5)) << "2 and 4 do not come again";
}

TEST_F(ConsumeTest, ANegativeAcknowledgementComesAgainBeforeWhatStandsBehindIt) {
  Append(1);
  auto session = Open();
  const std::vector<HeldEvent> first = session->Take(1);
  ASSERT_EQ(first.size(), 1u);
  ASSERT_TRUE(session->AwaitConfirmed(session->Nack(first[0], 300, "not now")));
  Append(2);
  std::vector<HeldEvent> events = session->Take(1);
  EXPECT_THAT(Cursors(events), ElementsAre(1));
  EXPECT_THAT(Attempts(events), ElementsAre(2));
  ASSERT_TRUE(session->AwaitConfirmed(session->Ack(events[0])));
  EXPECT_THAT(Cursors(session->Take(2)), ElementsAre(2, 3));
}

TEST_F(ConsumeTest, ADeadlineThatPassesBringsAnEventAgainUnlessItIsInProgress) {
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->set_ack_deadline_ms(10'000);
  Append(2);
  auto session = Open(OpenOf(create));
  const std::vector<HeldEvent> events = session->Take(2);
  ASSERT_EQ(events.size(), 2u);
  std::atomic<bool> stop{false};
  std::thread extender([&] {
    while (!stop) {
      session->InProgress(events[0]);
      absl::SleepFor(absl::Milliseconds(100));
    }
  });
  // Both were handed over together. The other one comes again before anything is heard of the first.
  const std::vector<HeldEvent> again = session->Take(1);
  stop = true;
  extender.join();
  EXPECT_THAT(Cursors(again), ElementsAre(2));
  EXPECT_THAT(Attempts(again), ElementsAre(2));
}

// Half a character would make the list of what is parked unreadable: a proto's string is UTF-8.
TEST_F(ConsumeTest, ALongReasonIsCutBetweenCharacters) {
  Append(1);
  auto session = Open(OpenOf(ConsumerOf("reader", "device")));
  const std::vector<HeldEvent> events = session->Take(1);
  ASSERT_EQ(events.size(), 1u);
  const std::string fits(511, 'x');
  ASSERT_TRUE(session->AwaitConfirmed(session->Park(events[0], fits + "\u00e9")));
  const v1::ListParkedResponse parked = consumers_.Parked("reader", true);
  ASSERT_EQ(parked.parked_size(), 1);
  EXPECT_EQ(parked.parked(0).reason(), fits);
}

TEST_F(ConsumeTest, AFailedEventIsParkedWithItsReasonOnceItsAttemptsAreUsedUp) {
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->set_attempts_max(2);
  Append(3);
  auto session = Open(OpenOf(create));
  std::vector<HeldEvent> events = session->Take(3);
  ASSERT_EQ(events.size(), 3u);
  session->Ack(events[2]);
  session->Park(events[1], "cannot be read");
  session->Nack(events[0], 0, "first");
  const std::vector<HeldEvent> again = session->Take(1);
  EXPECT_THAT(Cursors(again), ElementsAre(1));
  ASSERT_TRUE(session->AwaitConfirmed(session->Nack(again[0], 0, "second")));

  const v1::ListParkedResponse parked = consumers_.Parked("reader", true);
  ASSERT_EQ(parked.parked_size(), 2);
  EXPECT_EQ(parked.parked(0).cursor(), 2u);
  EXPECT_EQ(parked.parked(0).reason(), "cannot be read");
  EXPECT_EQ(parked.parked(0).attempts(), 1u);
  EXPECT_EQ(parked.parked(1).cursor(), 1u);
  EXPECT_EQ(parked.parked(1).reason(), "second");
  EXPECT_EQ(parked.parked(1).attempts(), 2u);
  EXPECT_EQ(parked.parked(1).instance(), "device");
  EXPECT_EQ(parked.parked(1).event().cursor(), 1u);
  EXPECT_EQ(parked.parked(1).event().type(), "number");
  EXPECT_GT(parked.parked(1).parked_at(), 0);
  const v1::Consumer consumer = consumers_.Get("reader");
  EXPECT_EQ(consumer.parked_count(), 2u);
  EXPECT_EQ(consumer.unsettled_count(), 0u) << "what is parked is settled";
  EXPECT_EQ(consumer.position().cursor(), 3u);
}

TEST_F(ConsumeTest, ARefusedSettlementSpoilsNeitherTheOthersNorTheStream) {
  Append(3);
  auto session = Open();
  const std::vector<HeldEvent> events = session->Take(3);
  ASSERT_EQ(events.size(), 3u);
  v1::ConsumeRequest request;
  v1::ConsumeRequest::Settle& settle = *request.mutable_settle();
  settle.set_number(7);
  v1::Settlement& acks = *settle.add_settlements();
  for (const uint64_t cursor : {1, 99, 2}) acks.add_cursors(cursor);
  acks.mutable_ack();
  settle.add_settlements()->add_cursors(3);  // No action.
  v1::Settlement& elsewhere = *settle.add_settlements();
  elsewhere.set_instance("nobody");
  elsewhere.set_up_to_cursor(3);
  elsewhere.mutable_ack();
  v1::Settlement& late = *settle.add_settlements();
  late.add_cursors(3);
  late.mutable_nack()->set_delay_ms(43'200'001);
  ASSERT_TRUE(session->Send(request));
  v1::ConsumeResponse::Refused refused;
  ASSERT_TRUE(session->AwaitRefused(&refused));
  EXPECT_EQ(refused.number(), 7u);
  std::vector<std::string> items;
  for (const auto& item : refused.items()) {
    items.push_back(
        absl::StrCat(item.index(), " ", item.error().code(), " ", item.cursors().empty() ? 0 : item.cursors(0)));
  }
  EXPECT_THAT(items, ::testing::UnorderedElementsAre("0 NOT_HELD 99", "1 SETTLEMENT_INVALID 0", "2 NOT_HELD 0",
                                                     "3 SETTLEMENT_INVALID 3"));
  ASSERT_TRUE(session->AwaitConfirmed(7));
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 1u) << "1 and 2 are settled";
  v1::ConsumeRequest last;
  last.mutable_settle()->set_number(8);
  last.mutable_settle()->add_settlements()->add_cursors(3);
  last.mutable_settle()->mutable_settlements(0)->mutable_ack();
  ASSERT_TRUE(session->Send(last));
  EXPECT_TRUE(session->AwaitConfirmed(8));
  EXPECT_TRUE(session->End().ok());
}

TEST_F(ConsumeTest, CreditIsAnEventForEachAndTheBoundHoldsBesides) {
  Append(10);
  v1::ConsumeRequest::Open open = OpenOf(ConsumerOf("reader", "device"));
  open.set_manual_credit(true);
  open.set_in_flight_max(4);
  auto session = Open(open);
  ASSERT_TRUE(session->AwaitOpened());
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 0u);
  session->Credit(2);
  EXPECT_THAT(Cursors(session->Take(2)), ElementsAre(1, 2));
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 2u);
  session->Credit(100);
  EXPECT_THAT(Cursors(session->Take(2)), ElementsAre(3, 4));
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 4u);
  ASSERT_TRUE(session->AwaitConfirmed(session->AckUpTo("", 3)));
  EXPECT_THAT(Cursors(session->Take(3)), ElementsAre(5, 6, 7));
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 4u);
}

TEST_F(ConsumeTest, OneStreamHoldsAConsumerUntilAnotherTakesItOver) {
  Append(3);
  auto first = Open();
  const std::vector<HeldEvent> events = first->Take(3);
  ASSERT_EQ(events.size(), 3u);
  ASSERT_TRUE(first->AwaitConfirmed(first->Ack(events[0])));
  ExpectRefused(Open()->AwaitEnd(), Reason::kConsumerBusy);

  v1::ConsumeRequest::Open open = OpenOf("reader");
  open.set_take_over(true);
  auto second = Open(open);
  EXPECT_THAT(Cursors(second->Take(2)), ElementsAre(2, 3));
  first->Ack(events[1]);
  ExpectRefused(first->AwaitEnd(), Reason::kConsumerTakenOver);
  // What the old one said too late did not count.
  EXPECT_EQ(consumers_.Get("reader").in_flight(), 2u);
  EXPECT_TRUE(second->AwaitConfirmed(second->AckUpTo("device", 3)));
  EXPECT_TRUE(second->refused().empty());
}

TEST_F(ConsumeTest, AStreamEndsWhenItsConsumerIsDeletedOrReset) {
  Append(2);
  auto session = Open();
  ASSERT_EQ(session->Take(2).size(), 2u);
  v1::ResetConsumerRequest reset;
  reset.set_name("reader");
  reset.mutable_start()->mutable_beginning();
  EXPECT_TRUE(consumers_.Reset(reset).ok());
  ExpectRefused(session->AwaitEnd(), Reason::kConsumerReset);
  session = Open();
  ASSERT_EQ(session->Take(2).size(), 2u);
  EXPECT_TRUE(consumers_.Delete("reader").ok());
  ExpectRefused(session->AwaitEnd(), Reason::kConsumerNotFound);
  ExpectRefused(Open(OpenOf("reader"))->AwaitEnd(), Reason::kConsumerNotFound);
}

TEST_F(ConsumeTest, RequestsOutOfOrderEndTheStream) {
  const auto end_after = [&](const std::vector<v1::ConsumeRequest>& requests) {
    auto session = Open();
    session->AwaitOpened();
    for (const v1::ConsumeRequest& request : requests) session->Send(request);
    return session->AwaitEnd();
  };
  v1::ConsumeRequest settle;
  settle.mutable_settle()->set_number(1);
  settle.mutable_settle()->add_settlements()->add_cursors(1);
  ExpectRefused(end_after({settle, settle}), Reason::kSettlementInvalid);
  v1::ConsumeRequest empty_settle;
  empty_settle.mutable_settle()->set_number(1);
  ExpectRefused(end_after({empty_settle}), Reason::kSettlementInvalid);
  v1::ConsumeRequest credit;
  credit.mutable_credit()->set_events(1);
  ExpectRefused(end_after({credit}), Reason::kMalformedRequest);
  v1::ConsumeRequest second_open;
  second_open.mutable_open()->set_consumer("reader");
  ExpectRefused(end_after({second_open}), Reason::kMalformedRequest);
  ExpectRefused(end_after({v1::ConsumeRequest()}), Reason::kMalformedRequest);

  grpc::ClientContext context;
  const auto stub = v1::Consumers::NewStub(server_.channel());
  const auto stream = stub->Consume(&context);
  stream->Write(settle);
  v1::ConsumeResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  ExpectRefused(testing::OutcomeOf(status, context), Reason::kMalformedRequest);
}

TEST_F(ConsumeTest, WhatCannotBeOpenedSaysWhy) {
  ExpectRefused(Open(OpenOf("nobody"))->AwaitEnd(), Reason::kConsumerNotFound);
  v1::ConsumeRequest::Open open = OpenOf(ConsumerOf("reader", "device"));
  open.set_in_flight_max(10'001);
  ExpectRefused(Open(open)->AwaitEnd(), Reason::kLimitInvalid);
  open = OpenOf(ConsumerOf("reader", "device"));
  open.set_consumer("another");
  ExpectRefused(Open(open)->AwaitEnd(), Reason::kConsumerInvalid);
  open = OpenOf(ConsumerOf("reader", "device"));
  open.mutable_create()->clear_start();
  ExpectRefused(Open(open)->AwaitEnd(), Reason::kStartRequired);
  EXPECT_TRUE(Open()->End().ok());
  v1::CreateConsumerRequest other = ConsumerOf("reader", "device");
  other.mutable_config()->set_attempts_max(3);
  ExpectRefused(Open(OpenOf(other))->AwaitEnd(), Reason::kConsumerExists);
}

TEST_F(ConsumeTest, WhatAFilterPassesOverIsSettled) {
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->add_types("wanted");
  auto session = Open(OpenOf(create));
  ASSERT_TRUE(session->AwaitCaughtUp());
  AppendNumbered(server_.log(), "device", 1, 5, "noise");
  AppendNumbered(server_.log(), "device", 1, 1, "wanted");
  AppendNumbered(server_.log(), "device", 1, 5, "noise");
  const std::vector<HeldEvent> events = session->Take(1);
  EXPECT_THAT(Cursors(events), ElementsAre(6));
  ASSERT_TRUE(session->AwaitConfirmed(session->Ack(events[0])));
  EXPECT_TRUE(session->End().ok());
  session = Open(OpenOf(create));
  v1::ConsumeResponse::Opened opened;
  ASSERT_TRUE(session->AwaitOpened(&opened));
  EXPECT_GE(opened.position().cursor(), 6u);
}

TEST_F(ConsumeTest, TrimmedEventsAreACountedGapOrEndTheStream) {
  Append(10);
  auto session = Open();
  ASSERT_TRUE(session->AwaitConfirmed(session->Ack(session->Take(1).at(0))));
  EXPECT_TRUE(session->End().ok());
  v1::CreateConsumerRequest strict = ConsumerOf("strict", "device");
  strict.mutable_start()->set_after_cursor(1);
  strict.mutable_config()->set_stop_at_gap(true);
  ASSERT_TRUE(consumers_.Create(strict).ok());

  auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server_.log().OpenInstance("device", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(instance.ok());
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                server_.log().Trim(*instance, storage::Cursor(8), std::move(done));
              }).ok());
  session = Open();
  EXPECT_THAT(Cursors(session->Take(3)), ElementsAre(8, 9, 10));
  ASSERT_TRUE(session->AwaitConfirmed(session->AckUpTo("device", 10)));
  EXPECT_EQ(consumers_.Get("reader").unsettled_count(), 0u);
  v1::Gap gap;
  uint64_t missing = 0;
  while (missing < 6 && session->AwaitGap(&gap)) missing += gap.event_count();
  EXPECT_EQ(missing, 6u) << "2 to 7";
  ExpectRefused(Open(OpenOf("strict"))->AwaitEnd(), Reason::kCursorTrimmed);
}

TEST_F(ConsumeTest, HoldersOfASharedConsumerGetTheEventsOfAnInstanceOneAfterTheOther) {
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_config()->set_shared(true);
  Append(4);
  v1::ConsumeRequest::Open open = OpenOf(create);
  open.set_in_flight_max(2);
  auto first = Open(open);
  const std::vector<HeldEvent> events = first->Take(2);
  EXPECT_THAT(Cursors(events), ElementsAre(1, 2));
  auto second = Open(open);
  ASSERT_TRUE(second->AwaitOpened());
  EXPECT_EQ(consumers_.Get("reader").holders_size(), 2);
  ASSERT_TRUE(first->AwaitConfirmed(first->Ack(events[0])));
  EXPECT_THAT(Cursors(first->Take(1)), ElementsAre(3))
      << "as long as it holds one of the instance, the next is its own";
  EXPECT_TRUE(first->End().ok());
  // One after the other: whether the broker had seen 3 written when the stream ended, and so counts an attempt of it as
  // failed with that of 2, is open; if not, it waits behind 2.
  for (const uint64_t cursor : {2, 3}) {
    EXPECT_THAT(Cursors(second->Take(1)), ElementsAre(cursor));
    ASSERT_TRUE(second->AwaitConfirmed(second->AckUpTo("device", cursor)));
  }
  EXPECT_THAT(Cursors(second->Take(1)), ElementsAre(4));
}

TEST_F(ConsumeTest, AStopEndsTheStreamWithWhatItConfirmed) {
  Append(2);
  auto session = Open();
  const std::vector<HeldEvent> events = session->Take(2);
  ASSERT_EQ(events.size(), 2u);
  ASSERT_TRUE(session->AwaitConfirmed(session->Ack(events[0])));
  std::thread stopper([&] { server_.server().Shutdown(absl::Minutes(1)); });
  ExpectRefused(session->AwaitEnd(), Reason::kShuttingDown);
  stopper.join();
}

}  // namespace
}  // namespace playhead
