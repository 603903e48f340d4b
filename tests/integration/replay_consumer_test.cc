// Replays to the holder of a consumer, which leave the consumer's own position alone.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/replays_client.h"
#include "proto/errors.h"
#include "tests/support/batches.h"
#include "tests/support/consume_session.h"
#include "tests/support/consumers_client.h"
#include "tests/support/delete_instance.h"
#include "tests/support/http_receiver.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using testing::ConsumerOf;
using testing::ConsumersClient;
using testing::ConsumeSession;
using testing::HeldEvent;
using testing::HttpReceiver;
using testing::OpenOf;

constexpr uint64_t kEvents = 10;

class ReplayConsumerTest : public ::testing::Test {
 protected:
  ReplayConsumerTest() { AppendNumbered(server_.log(), "bot", 1, kEvents); }

  v1::StartReplayRequest Planned() {
    v1::PlanReplayRequest selection;
    selection.add_instances("bot");
    selection.mutable_start()->mutable_beginning();
    const auto plan = replays_.Plan(selection);
    EXPECT_TRUE(plan.ok()) << plan.status();
    v1::StartReplayRequest request;
    *request.mutable_ranges() = plan->ranges();
    request.set_expected_count(plan->event_count());
    request.set_rate(100'000);
    return request;
  }

  std::string StartTo(const std::string& consumer) {
    v1::StartReplayRequest request = Planned();
    request.set_consumer(consumer);
    const auto replay = replays_.Start(request);
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.ok() ? replay->id() : "";
  }

  v1::Replay AwaitState(const std::string& id, v1::Replay::State state) {
    for (;;) {
      auto replay = replays_.Get(id);
      if (!replay.ok()) {
        ADD_FAILURE() << replay.status();
        return v1::Replay();
      }
      if (replay->state() == state) return *std::move(replay);
      if (replay->state() != v1::Replay::RUNNING) {
        ADD_FAILURE() << replay->ShortDebugString();
        return *std::move(replay);
      }
      absl::SleepFor(absl::Milliseconds(2));
    }
  }

  // A holder of a new consumer that has taken everything, and acknowledged the first half.
  std::unique_ptr<ConsumeSession> HalfDone(const std::string& consumer) {
    auto session = std::make_unique<ConsumeSession>(server_.channel(), OpenOf(ConsumerOf(consumer, "bot")));
    EXPECT_EQ(session->Take(kEvents).size(), kEvents);
    EXPECT_TRUE(session->AwaitConfirmed(session->AckUpTo("bot", kEvents / 2)));
    return session;
  }

  // How far a consumer is, and what it has yet to settle.
  std::string StateOf(const std::string& consumer) {
    v1::Consumer state = consumers_.Get(consumer);
    state.clear_holders();  // With times.
    return state.ShortDebugString();
  }

  testing::TestServer server_;
  ConsumersClient consumers_{server_.channel()};
  ReplaysClient replays_ = *ReplaysClient::Create({.target = server_.server().grpc_address()});
};

// KurrentDB #500: a replay wrote the checkpoint of the subscription that it was for.
TEST_F(ReplayConsumerTest, KurrentDb500AReplayMovesNoConsumersPosition) {
  const auto reader = HalfDone("reader");
  const auto other = HalfDone("other");
  const std::string reader_before = StateOf("reader");
  const std::string other_before = StateOf("other");

  const std::string id = StartTo("reader");
  for (uint64_t cursor = 1; cursor <= kEvents; ++cursor) {
    const std::vector<HeldEvent> events = reader->Take(1);
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0].cursor, cursor);
    EXPECT_EQ(events[0].replay_id, id) << "marked as replayed";
    ASSERT_TRUE(reader->AwaitConfirmed(reader->Ack(events[0])));
  }
  EXPECT_EQ(AwaitState(id, v1::Replay::DONE).sent_count(), kEvents);
  EXPECT_EQ(StateOf("reader"), reader_before);
  EXPECT_EQ(StateOf("other"), other_before);

  // Nor does one that no consumer has to do with.
  HttpReceiver receiver([](const auto&) { return HttpReceiver::Answer{}; });
  v1::StartReplayRequest request = Planned();
  request.mutable_endpoint()->set_url(receiver.origin());
  const auto replay = replays_.Start(request);
  ASSERT_TRUE(replay.ok()) << replay.status();
  AwaitState(replay->id(), v1::Replay::DONE);
  EXPECT_EQ(receiver.taken().size(), kEvents);
  EXPECT_EQ(StateOf("reader"), reader_before);
  EXPECT_EQ(StateOf("other"), other_before);
}

// KurrentDB #3696: a negative acknowledgement during a replay was ignored.
TEST_F(ReplayConsumerTest, KurrentDb3696ANackDuringAReplayBringsTheEventAgain) {
  const auto reader = HalfDone("reader");
  const std::string before = StateOf("reader");
  const std::string id = StartTo("reader");
  std::vector<HeldEvent> events = reader->Take(1);
  ASSERT_EQ(events.size(), 1);
  ASSERT_TRUE(reader->AwaitConfirmed(reader->Nack(events[0])));
  events = reader->Take(1);
  ASSERT_EQ(events.size(), 1);
  EXPECT_EQ(events[0].cursor, 1);
  EXPECT_EQ(events[0].attempt, 2);
  EXPECT_EQ(events[0].replay_id, id);
  reader->Ack(events[0]);
  for (uint64_t cursor = 2; cursor <= kEvents; ++cursor) {
    events = reader->Take(1);
    ASSERT_EQ(events.size(), 1);
    EXPECT_EQ(events[0].cursor, cursor);
    reader->Ack(events[0]);
  }
  AwaitState(id, v1::Replay::DONE);
  EXPECT_EQ(StateOf("reader"), before);
}

TEST_F(ReplayConsumerTest, EventsOfADeletedInstanceAreGoneNotSkipped) {
  ASSERT_TRUE(consumers_.Create(testing::ConsumerOfPrefix("reader", "b")).ok());
  auto reader = std::make_unique<ConsumeSession>(server_.channel(), OpenOf("reader"));
  ASSERT_EQ(reader->Take(kEvents).size(), kEvents);
  ASSERT_TRUE(reader->AwaitConfirmed(reader->AckUpTo("bot", kEvents)));
  const std::string id = StartTo("reader");
  const std::vector<HeldEvent> first = reader->Take(1);
  ASSERT_EQ(first.size(), 1);
  ASSERT_TRUE(reader->AwaitConfirmed(reader->Ack(first[0])));
  ASSERT_EQ(reader->Take(1).size(), 1) << "the second, which stays unsettled";
  EXPECT_TRUE(reader->End().ok());

  ASSERT_TRUE(testing::DeleteInstance(server_.log(), "bot").ok());
  reader = std::make_unique<ConsumeSession>(server_.channel(), OpenOf("reader"));
  const v1::Replay replay = AwaitState(id, v1::Replay::DONE);
  EXPECT_EQ(replay.sent_count(), 1);
  EXPECT_EQ(replay.skipped_count(), 0);
  EXPECT_EQ(replay.gone_count(), kEvents - 1);
  EXPECT_EQ(replay.problem(), "");
}

TEST_F(ReplayConsumerTest, ItWaitsWhileNobodyHoldsTheConsumerAndCanBeCalledOff) {
  ASSERT_TRUE(consumers_.Create(ConsumerOf("reader", "bot")).ok());
  const std::string id = StartTo("reader");
  EXPECT_EQ(replays_.Pause(id)->state(), v1::Replay::PAUSED);
  EXPECT_EQ(replays_.Resume(id)->state(), v1::Replay::RUNNING);
  EXPECT_EQ(replays_.Cancel(id)->state(), v1::Replay::CANCELLED);
  EXPECT_EQ(AwaitState(id, v1::Replay::CANCELLED).sent_count(), 0);
}

TEST_F(ReplayConsumerTest, WhatIsCalledOffAsItStartsIsNotSentAfterAll) {
  const auto reader = HalfDone("reader");
  constexpr int kRounds = 200;  // More than may run at a time: what did not end would refuse the others.
  for (int i = 0; i < kRounds; ++i) {
    const std::string id = StartTo("reader");
    ASSERT_TRUE(replays_.Cancel(id).ok());
  }
  AppendNumbered(server_.log(), "bot", 1 + kEvents, 1);
  std::vector<HeldEvent> events;
  do {
    events = reader->Take(1);
    ASSERT_EQ(events.size(), 1);
    // The consumer has in hand what was sent before the call.
    if (!events[0].replay_id.empty()) {
      EXPECT_EQ(events[0].cursor, 1) << "a cancelled replay goes on";
    }
  } while (!events[0].replay_id.empty());
  EXPECT_EQ(events[0].cursor, kEvents + 1);
}

TEST_F(ReplayConsumerTest, AConsumerThatIsNotThereIsRefused) {
  v1::StartReplayRequest request = Planned();
  request.set_consumer("nobody");
  EXPECT_TRUE(HasReason(replays_.Start(request).status(), Reason::kConsumerNotFound));
}

}  // namespace
}  // namespace playhead
