// What a subscription delivers and in which order, when an event counts as handled, and the cursor store.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/mocks/fake_timers.h"
#include "client/subscriber.h"
#include "proto/errors.h"
#include "proto/upstream_gap.h"
#include "tests/client/scripted_connection.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;

// Remembers what was saved, and fails if told to.
class FakeCursorStore : public CursorStore {
 public:
  absl::StatusOr<std::optional<uint64_t>> Load(absl::string_view instance) override {
    EXPECT_EQ(instance, "bot");
    if (!failure.ok()) return failure;
    return cursor;
  }
  absl::Status Save(absl::string_view instance, uint64_t saved) override {
    EXPECT_EQ(instance, "bot");
    if (!failure.ok()) return failure;
    cursor = saved;
    saves.push_back(saved);
    return absl::OkStatus();
  }

  std::optional<uint64_t> cursor;
  std::vector<uint64_t> saves;
  absl::Status failure;
};

class SubscriptionTest : public ::testing::Test {
 protected:
  void TearDown() override { connection_->ForgetAttempts(); }

  // Opens a subscription whose stream has said that it starts behind `cursor`.
  Subscription Open(uint64_t cursor, SubscribeOptions options = {}) {
    absl::StatusOr<Subscription> subscription = client_.Subscribe("bot", Start::After(cursor), std::move(options));
    EXPECT_TRUE(subscription.ok()) << subscription.status();
    stream_ = connection_->NextSubscribe();
    stream_->SendStarted(stream_->request().start().after_cursor());
    return *std::move(subscription);
  }

  static uint64_t NextCursor(Subscription& subscription) {
    const absl::StatusOr<Event> event = subscription.Next();
    EXPECT_TRUE(event.ok()) << event.status();
    return event.ok() ? event->cursor() : 0;
  }

  // Handles all that was sent.
  static void Drain(Subscription& subscription) {
    EXPECT_TRUE(absl::IsDeadlineExceeded(subscription.Next(absl::InfinitePast()).status()));
  }

  const std::shared_ptr<ScriptedConnection> connection_ = std::make_shared<ScriptedConnection>();
  const std::shared_ptr<FakeTimers> timers_ = std::make_shared<FakeTimers>();
  Client client_{connection_, {.timers = timers_}};
  std::shared_ptr<ScriptedSubscribe> stream_;
};

TEST_F(SubscriptionTest, IterationHandsOutEventsUntilClosed) {
  Subscription subscription = Open(0);
  stream_->SendEvents({1, 2});
  stream_->SendEvents({3});
  std::vector<std::string> seen;
  for (const Event& event : subscription) {
    seen.push_back(absl::StrCat(event.cursor(), event.type(), event.data()));
    if (seen.size() == 3) subscription.Close();
  }
  EXPECT_THAT(seen, ElementsAre("1t1", "2t2", "3t3"));
  EXPECT_TRUE(subscription.status().ok());
}

TEST_F(SubscriptionTest, AnEventOutlivesTheSubscription) {
  Event event;
  {
    Subscription subscription = Open(0);
    v1::SubscribeResponse message;
    v1::Event& sent = *message.add_events();
    sent.set_type("message");
    sent.set_id("id-1");
    sent.set_data(std::string(100'000, 'x'));
    sent.set_created_at(11);
    sent.set_appended_at(12);
    sent.set_cursor(1);
    (*sent.mutable_attributes())["dialect"] = "photon";
    stream_->Send(message);
    event = *subscription.Next();
  }
  EXPECT_EQ(event.type(), "message");
  EXPECT_EQ(event.id(), "id-1");
  EXPECT_EQ(event.data(), std::string(100'000, 'x'));
  EXPECT_EQ(event.created_at(), 11);
  EXPECT_EQ(event.appended_at(), 12);
  EXPECT_EQ(event.attribute("dialect"), absl::string_view("photon"));
  EXPECT_EQ(event.attribute("missing"), std::nullopt);
}

TEST_F(SubscriptionTest, BatchesHandOutAMessageAtATime) {
  Subscription subscription = Open(0);
  stream_->SendEvents({1, 2, 3});
  stream_->SendEvents({4, 5});
  EXPECT_EQ(NextCursor(subscription), 1u);
  EventBatch batch;
  ASSERT_TRUE(subscription.NextBatch(batch).ok());
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].cursor, 2u);
  EXPECT_EQ(subscription.position(), 1u);
  ASSERT_TRUE(subscription.NextBatch(batch).ok());
  EXPECT_EQ(batch.begin()->cursor, 4u);
  EXPECT_EQ(batch.event(1).cursor(), 5u);
  EXPECT_EQ(subscription.position(), 3u);
}

TEST_F(SubscriptionTest, NextTimesOutAndGoesOn) {
  Subscription subscription = Open(0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(subscription.Next(absl::InfinitePast()).status()));
  stream_->SendEvents({1});
  EXPECT_EQ(NextCursor(subscription), 1u);
}

TEST_F(SubscriptionTest, ProgressMovesThePositionOnlyBehindWhatWasHandled) {
  Subscription subscription = Open(0);
  stream_->SendEvents({1});
  stream_->SendHeartbeat(50);
  stream_->SendHeartbeat(60);
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_EQ(subscription.position(), 0u);
  EXPECT_EQ(subscription.head_cursor(), 60u);
  Drain(subscription);
  EXPECT_EQ(subscription.position(), 60u);
}

TEST_F(SubscriptionTest, NoticesComeInTheirPlace) {
  Subscription subscription = Open(3, {.allow_gap = true});
  std::vector<std::string> seen;
  subscription.OnOpen([&](const auto& started) { seen.push_back(absl::StrCat("open ", started.cursor())); })
      .OnCaughtUp([&](uint64_t cursor) { seen.push_back(absl::StrCat("caught up ", cursor)); })
      .OnGap([&](const v1::Gap& gap) { seen.push_back(absl::StrCat("gap to ", gap.last_cursor())); });
  EXPECT_TRUE(stream_->request().allow_gap());
  stream_->SendGap(3, 9);
  stream_->SendEvents({10});
  stream_->SendCaughtUp(10);
  stream_->SendEvents({11});
  for (int i = 0; i < 2; ++i) {
    const uint64_t cursor = NextCursor(subscription);
    seen.push_back(absl::StrCat("event ", cursor));
  }
  EXPECT_THAT(seen, ElementsAre("open 3", "gap to 9", "event 10", "caught up 10", "event 11"));
  EXPECT_EQ(subscription.missed_events(), 6u);
}

// Events whose data is the cursor, and of which cursor `gap` records an upstream gap.
v1::SubscribeResponse EventsWithUpstreamGap(uint64_t first, uint64_t last, uint64_t gap) {
  v1::SubscribeResponse message;
  for (uint64_t cursor = first; cursor <= last; ++cursor) {
    v1::Event& event = *message.add_events();
    event.set_cursor(cursor);
    event.set_type(cursor == gap ? std::string(kUpstreamGapType) : "t");
    event.set_data(cursor == gap ? EncodeUpstreamGap({.from = 5, .to = 8, .reason = "offline"}) : absl::StrCat(cursor));
  }
  return message;
}

TEST_F(SubscriptionTest, AnUpstreamGapIsToldInItsPlaceAndHandedOut) {
  std::vector<std::string> seen;
  Subscription subscription = Open(0);
  subscription.OnGap([&](const v1::Gap& gap) {
    EXPECT_EQ(gap.cause(), v1::Gap::UPSTREAM);
    seen.push_back(absl::StrCat("gap at ", gap.last_cursor(), " ", gap.from(), "-", gap.to(), " ", gap.reason()));
  });
  stream_->Send(EventsWithUpstreamGap(1, 3, 2));
  for (int i = 0; i < 3; ++i) {
    const uint64_t cursor = NextCursor(subscription);
    seen.push_back(absl::StrCat("event ", cursor));
  }
  EXPECT_THAT(seen, ElementsAre("event 1", "gap at 2 5-8 offline", "event 2", "event 3"));
  EXPECT_EQ(subscription.missed_events(), 0u) << "nobody knows how many";
}

TEST_F(SubscriptionTest, AnUpstreamGapBeginsABatchOfItsOwn) {
  std::vector<std::string> seen;
  Subscription subscription = Open(0);
  subscription.OnGap([&](const v1::Gap& gap) { seen.push_back(absl::StrCat("gap at ", gap.last_cursor())); });
  stream_->Send(EventsWithUpstreamGap(1, 4, 3));
  EventBatch batch;
  while (subscription.NextBatch(batch, absl::InfinitePast()).ok()) {
    for (const EventView& event : batch) seen.push_back(absl::StrCat("event ", event.cursor));
  }
  EXPECT_THAT(seen, ElementsAre("event 1", "event 2", "gap at 3", "event 3", "event 4"));
}

TEST_F(SubscriptionTest, AnUpstreamGapIsToldButNotHandedOutToOneWhoAsksForOtherTypes) {
  std::vector<uint64_t> gaps;
  Subscription subscription = Open(0, {.types = {"t"}});
  subscription.OnGap([&](const v1::Gap& gap) { gaps.push_back(gap.last_cursor()); });
  EXPECT_THAT(stream_->request().types(), ElementsAre("t", kUpstreamGapType));
  stream_->Send(EventsWithUpstreamGap(1, 2, 2));
  stream_->Send(EventsWithUpstreamGap(3, 3, 0));
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_THAT(gaps, ElementsAre());
  EXPECT_EQ(NextCursor(subscription), 3u);
  EXPECT_THAT(gaps, ElementsAre(2u));
  EXPECT_EQ(subscription.position(), 2u);
}

TEST_F(SubscriptionTest, AnEventOfThatTypeThatSaysNoGapIsAnEvent) {
  Subscription subscription = Open(0);
  subscription.OnGap([](const v1::Gap&) { FAIL(); });
  stream_->SendEvents({1}, kUpstreamGapType);
  EXPECT_EQ(NextCursor(subscription), 1u);
}

TEST_F(SubscriptionTest, ANoticeInTheMessageOfEventsComesBehindThem) {
  Subscription subscription = Open(0);
  uint64_t caught_up = 0;
  subscription.OnCaughtUp([&](uint64_t cursor) { caught_up = cursor; });
  v1::SubscribeResponse message;
  message.add_events()->set_cursor(1);
  message.mutable_caught_up()->set_cursor(1);
  stream_->Send(message);
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_EQ(caught_up, 0u);
  Drain(subscription);
  EXPECT_EQ(caught_up, 1u);
}

TEST_F(SubscriptionTest, WhatIsReceivedAheadIsBounded) {
  Subscription subscription = Open(0, {.buffered_bytes_max = 600});
  stream_->SendEvents({1});
  stream_->SendEvents({2});
  EXPECT_FALSE(stream_->reading());
  EXPECT_EQ(NextCursor(subscription), 1u);
  EXPECT_TRUE(stream_->reading());
}

TEST_F(SubscriptionTest, BrokenMessagesAndDisorderAreDataLoss) {
  for (const std::string& message : {std::string("\x0a\x05zz", 4), std::string("\xff", 1)}) {
    Subscription subscription = Open(0);
    stream_->SendBytes(message);
    EXPECT_TRUE(HasReason(subscription.Next().status(), Reason::kDataLoss));
    EXPECT_TRUE(stream_->cancelled());
  }
  Subscription subscription = Open(0);
  stream_->SendEvents({2, 1});
  EXPECT_TRUE(HasReason(subscription.Next().status(), Reason::kDataLoss));
}

TEST_F(SubscriptionTest, HandlersAreCalledByTypeInOrderAndCloseEndsThem) {
  Subscription subscription = Open(0);
  std::vector<std::string> seen;
  subscription.On("*", [&](const Event& event) { seen.push_back(absl::StrCat("* ", event.cursor())); })
      .On("a", [&](const Event& event) { seen.push_back(absl::StrCat("a ", event.cursor())); })
      .On("a",
          [&](const Event& event) {
            if (event.cursor() == 3) subscription.Close();
          })
      .OnCaughtUp([&](uint64_t) { seen.push_back("caught up"); })
      .OnError([&](const absl::Status& status) { seen.push_back(status.ToString()); })
      .OnClose([&](const absl::Status& status) { seen.push_back(absl::StrCat("closed ", status.ToString())); });
  subscription.Start();
  stream_->SendEvents({1}, "a");
  stream_->SendEvents({2}, "b");
  stream_->SendCaughtUp(2);
  stream_->SendEvents({3, 4}, "a");
  EXPECT_TRUE(subscription.WaitForClose().ok());
  EXPECT_THAT(seen, ElementsAre("a 1", "* 1", "* 2", "caught up", "a 3", "* 3", "closed OK"));
  EXPECT_EQ(subscription.position(), 3u);  // Its handlers have returned.
  EXPECT_TRUE(absl::IsFailedPrecondition(subscription.Next().status()));
}

TEST_F(SubscriptionTest, HandlersHearOfATerminalErrorAndThenOfTheClose) {
  Subscription subscription = Open(0);
  std::vector<std::string> seen;
  subscription.OnError([&](const absl::Status& status) { seen.push_back(absl::StrCat("error ", status.message())); })
      .OnClose([&](const absl::Status& status) { seen.push_back(absl::StrCat("close ", status.message())); });
  subscription.Start();
  stream_->End(MakeError(Reason::kCursorDiverged, "restored"));
  EXPECT_TRUE(HasReason(subscription.WaitForClose(), Reason::kCursorDiverged));
  EXPECT_THAT(seen, ElementsAre("error restored", "close restored"));
}

TEST_F(SubscriptionTest, StartsBehindTheSavedCursorAndSavesEachHandledEvent) {
  const auto store = std::make_shared<FakeCursorStore>();
  store->cursor = 5;
  Subscription subscription = Open(0, {.cursor_store = store});
  EXPECT_EQ(stream_->request().start().after_cursor(), 5u);
  stream_->SendEvents({6, 7});
  EXPECT_EQ(NextCursor(subscription), 6u);
  EXPECT_THAT(store->saves, ElementsAre());
  EXPECT_EQ(NextCursor(subscription), 7u);
  EXPECT_THAT(store->saves, ElementsAre(6));
  EXPECT_TRUE(subscription.SavePosition().ok());
  EXPECT_THAT(store->saves, ElementsAre(6, 7));
}

TEST_F(SubscriptionTest, ASubscriptionThatStartedAtNowSavesWhereThatWas) {
  const auto store = std::make_shared<FakeCursorStore>();
  absl::StatusOr<Subscription> subscription = client_.Subscribe("bot", Start::Now(), {.cursor_store = store});
  ASSERT_TRUE(subscription.ok());
  connection_->NextSubscribe()->SendStarted(0);
  Drain(*subscription);
  EXPECT_THAT(store->saves, ElementsAre(0));
}

TEST_F(SubscriptionTest, SavesByCountOrByInterval) {
  const auto store = std::make_shared<FakeCursorStore>();
  store->cursor = 0;
  Subscription subscription =
      Open(0, {.cursor_store = store, .cursor_saving = {.events = 3, .interval = absl::Seconds(10)}});
  stream_->SendEvents({1, 2, 3, 4, 5});
  for (int i = 0; i < 5; ++i) NextCursor(subscription);
  EXPECT_THAT(store->saves, ElementsAre(3));
  timers_->Advance(absl::Seconds(10));
  Drain(subscription);
  EXPECT_THAT(store->saves, ElementsAre(3, 5));
  stream_->SendHeartbeat(100);
  Drain(subscription);
  EXPECT_THAT(store->saves, ElementsAre(3, 5));
  { const Subscription ended = std::move(subscription); }
  EXPECT_THAT(store->saves, ElementsAre(3, 5, 100));
}

TEST_F(SubscriptionTest, AStoreThatCannotBeReadFailsTheSubscription) {
  const auto store = std::make_shared<FakeCursorStore>();
  store->failure = absl::DataLossError("torn");
  EXPECT_EQ(client_.Subscribe("bot", Start::After(0), {.cursor_store = store}).status(), store->failure);
  EXPECT_FALSE(connection_->has_attempt());
}

TEST_F(SubscriptionTest, AStoreThatCannotSaveEndsTheSubscription) {
  const auto store = std::make_shared<FakeCursorStore>();
  Subscription subscription = Open(0, {.cursor_store = store});
  stream_->SendEvents({1, 2});
  EXPECT_EQ(NextCursor(subscription), 1u);
  store->failure = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(subscription.Next().status(), store->failure);
  EXPECT_EQ(subscription.Next().status(), store->failure);
  EXPECT_EQ(subscription.status(), store->failure);
  EXPECT_TRUE(stream_->cancelled());
}

TEST_F(SubscriptionTest, RefusesOptionsOutOfRange) {
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Subscribe("no blanks", Start::Now()).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(client_.Subscribe("bot", Start::Now(), {.buffered_bytes_max = 0}).status()));
  Client client(connection_, {.backoff = {.multiplier = 0.5}});
  EXPECT_TRUE(absl::IsInvalidArgument(client.Subscribe("bot", Start::Now()).status()));
}

}  // namespace
}  // namespace playhead
