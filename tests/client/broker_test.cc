// The client against a real broker in this process: every call, its errors, and broker restarts at any moment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "broker/server.h"
#include "client/client.h"
#include "client/testing/test_broker.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "tests/support/await.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<TestBroker>> broker = TestBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    client_.emplace(broker_->NewClient());
  }

  // Appends events whose data are the numbers from `first` to `last`.
  void AppendNumbers(absl::string_view instance, int first, int last) {
    std::vector<std::string> numbers;
    std::vector<NewEvent> events;
    for (int i = first; i <= last; ++i) numbers.push_back(absl::StrCat(i));
    for (const std::string& number : numbers) events.push_back({.type = "number", .data = number, .id = number});
    const absl::StatusOr<AppendResult> result = client_->Append(instance, events);
    ASSERT_TRUE(result.ok()) << result.status();
  }

  void Restart() {
    const absl::Status status = broker_->Restart();
    ASSERT_TRUE(status.ok()) << status;
  }

  std::vector<std::string> AllData(absl::string_view instance) {
    std::vector<std::string> all;
    for (const absl::StatusOr<Event>& event : client_->FetchMissed({.instance = std::string(instance)})) {
      EXPECT_TRUE(event.ok()) << event.status();
      if (event.ok()) all.emplace_back(event->data());
    }
    return all;
  }

  std::unique_ptr<TestBroker> broker_;
  std::optional<Client> client_;
};

TEST_F(BrokerTest, IsReadyOnceItHasStartedAndSharesNothingWithOthers) {
  std::vector<std::unique_ptr<TestBroker>> brokers;
  for (int i = 0; i < 5; ++i) {
    absl::StatusOr<std::unique_ptr<TestBroker>> broker = TestBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    const absl::StatusOr<AppendResult> appended = (*broker)->NewClient().Append("bot", {{.type = "first"}});
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->head_cursor, 1u);
    brokers.push_back(*std::move(broker));
  }
  EXPECT_TRUE(AllData("bot").empty());
}

TEST_F(BrokerTest, AnUpstreamGapIsToldInItsPlaceWhateverTypesAreAskedFor) {
  AppendNumbers("bot", 1, 2);
  const absl::StatusOr<Receipt> receipt =
      client_->ReportUpstreamGap("bot", {.from = 50, .to = 80, .reason = "phone offline"});
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->cursor, 3u);
  AppendNumbers("bot", 3, 3);
  absl::StatusOr<Publisher> publisher = client_->NewPublisher();
  ASSERT_TRUE(publisher.ok()) << publisher.status();
  ASSERT_TRUE(publisher->ReportUpstreamGap("bot", {.from = 90, .to = 90}, nullptr).ok());
  ASSERT_TRUE(publisher->Flush().ok());
  AppendNumbers("bot", 4, 4);

  std::vector<std::string> seen;
  absl::StatusOr<Subscription> subscription = client_->Subscribe("bot", Start::Beginning(), {.types = {"number"}});
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  subscription->OnGap([&](const v1::Gap& gap) {
    EXPECT_EQ(gap.cause(), v1::Gap::UPSTREAM);
    seen.push_back(absl::StrCat("gap ", gap.last_cursor(), " ", gap.from(), "-", gap.to(), " ", gap.reason()));
  });
  for (int i = 0; i < 4; ++i) seen.push_back(absl::StrCat("event ", subscription->Next().value().cursor()));
  EXPECT_THAT(seen,
              ElementsAre("event 1", "event 2", "gap 3 50-80 phone offline", "event 4", "gap 5 90-90 ", "event 6"));
  EXPECT_EQ(AllData("bot").at(2), R"({"from":50,"to":80,"reason":"phone offline"})");
}

TEST_F(BrokerTest, AnUpstreamGapIsToldInItsPlaceToReadersOfManyToo) {
  AppendNumbers("bot", 1, 2);
  ASSERT_TRUE(client_->ReportUpstreamGap("bot", {.from = 50, .to = 80, .reason = "phone offline"}).ok());
  AppendNumbers("bot", 3, 3);
  const auto read = [this](std::vector<std::string> types, size_t events) {
    std::vector<std::string> seen;
    auto subscription =
        client_->SubscribeMany(ManySources::All(), {.start = Start::Beginning().proto(), .types = std::move(types)});
    EXPECT_TRUE(subscription.ok()) << subscription.status();
    subscription->OnGap([&](absl::string_view instance, const v1::Gap& gap) {
      seen.push_back(absl::StrCat("gap of ", instance, " ", gap.last_cursor(), " ", gap.reason()));
    });
    ManyBatch batch;
    while (seen.size() < events) {
      const absl::Status taken = subscription->NextBatch(batch, absl::InfiniteFuture());
      EXPECT_TRUE(taken.ok()) << taken;
      if (!taken.ok()) break;
      for (const EventView& event : batch.events) seen.push_back(absl::StrCat("event ", event.cursor));
    }
    return seen;
  };
  EXPECT_THAT(read({"number"}, 4), ElementsAre("event 1", "event 2", "gap of bot 3 phone offline", "event 4"));
  EXPECT_THAT(read({}, 5), ElementsAre("event 1", "event 2", "gap of bot 3 phone offline", "event 3", "event 4"));
}

TEST_F(BrokerTest, AMalformedUpstreamGapAndOtherTypesOfTheBrokersOwnAreRefused) {
  EXPECT_TRUE(HasReason(client_->ReportUpstreamGap("bot", {.from = 9, .to = 8}).status(), Reason::kEventInvalid));
  for (const NewEvent& event : {NewEvent{.type = "playhead.upstream_gap", .data = R"({"from":9,"to":8})"},
                                NewEvent{.type = "playhead.upstream_gap"}, NewEvent{.type = "playhead.erased"}}) {
    EXPECT_TRUE(HasReason(client_->Append("bot", {event}).status(), Reason::kEventInvalid)) << event.type;
    absl::StatusOr<Publisher> publisher = client_->NewPublisher();
    ASSERT_TRUE(publisher.ok()) << publisher.status();
    EXPECT_TRUE(HasReason(publisher->Append("bot", event, nullptr), Reason::kEventInvalid)) << event.type;
  }
  EXPECT_TRUE(HasReason(client_->GetInstance("bot").status(), Reason::kInstanceNotFound)) << "nothing was stored";
}

TEST_F(BrokerTest, WhatIsAppendedIsFetchedByteForByte) {
  const NewEvent event = {
      .type = "message", .data = "{\"a\": 1}", .id = "id-1", .created_at = 77, .attributes = {{"dialect", "photon"}}};
  const absl::StatusOr<AppendResult> appended = client_->Append("bot", {event, {.type = "other"}});
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->receipts[0].cursor, 1u);
  EXPECT_EQ(appended->head_cursor, 2u);
  EXPECT_EQ(appended->durability, v1::DURABILITY_DISK);

  const absl::StatusOr<FetchPage> page = client_->FetchMissedPage({.instance = "bot"});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->events.size(), 2u);
  const EventView& fetched = page->events[0];
  EXPECT_EQ(fetched.type, "message");
  EXPECT_EQ(fetched.data, "{\"a\": 1}");
  EXPECT_EQ(fetched.id, "id-1");
  EXPECT_EQ(fetched.created_at, 77);
  EXPECT_EQ(fetched.attributes[0].second, "photon");
  EXPECT_GT(fetched.appended_at, 0);
  EXPECT_TRUE(page->end_reached);
  EXPECT_EQ(page->head_cursor, 2u);
}

TEST_F(BrokerTest, ADuplicateIdIsAnsweredWithItsFirstCursor) {
  const NewEvent event = {.type = "t", .data = "1", .id = "id-1"};
  ASSERT_TRUE(client_->Append("bot", {event}).ok());
  const absl::StatusOr<AppendResult> again = client_->Append("bot", {event});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->receipts[0].duplicate);
  EXPECT_EQ(again->receipts[0].cursor, 1u);
}

TEST_F(BrokerTest, ErrorsCarryTheBrokersReasonAndCursors) {
  AppendNumbers("bot", 1, 3);
  const absl::Status mismatch = client_->Append("bot", {{.type = "t"}}, {.expected_cursor = 1}).status();
  EXPECT_TRUE(HasReason(mismatch, Reason::kCursorMismatch)) << mismatch;
  EXPECT_EQ(ToProto(mismatch).head_cursor(), 3u);
  EXPECT_FALSE(IsRetryable(mismatch));

  EXPECT_TRUE(HasReason(client_->GetInstance("none").status(), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(client_->DeleteInstance("none"), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(client_->Append("no blanks", {{.type = "t"}}).status(), Reason::kInstanceNameInvalid));

  const absl::Status fetched = client_->FetchMissedPage({.instance = "bot", .start = Start::After(9)}).status();
  EXPECT_TRUE(HasReason(fetched, Reason::kCursorDiverged)) << fetched;
  EXPECT_EQ(ToProto(fetched).last_good_cursor(), 3u);

  Subscription subscription = *client_->Subscribe("bot", Start::After(9));
  const absl::Status diverged = subscription.Next().status();
  EXPECT_TRUE(HasReason(diverged, Reason::kCursorDiverged)) << diverged;
  EXPECT_EQ(ToProto(diverged).last_good_cursor(), 3u);
}

TEST_F(BrokerTest, InstancesAreListedDescribedAndDeleted) {
  for (const char* name : {"a1", "a2", "b1"}) AppendNumbers(name, 1, 2);
  std::vector<std::string> names;
  for (const auto& instance : client_->ListInstances("a")) names.push_back(instance->name());
  EXPECT_THAT(names, ElementsAre("a1", "a2"));
  const absl::StatusOr<v1::Instance> instance = client_->GetInstance("b1");
  ASSERT_TRUE(instance.ok()) << instance.status();
  EXPECT_EQ(instance->head_cursor(), 2u);
  EXPECT_EQ(instance->event_count(), 2u);
  EXPECT_TRUE(client_->DeleteInstance("a1").ok());
  EXPECT_TRUE(HasReason(client_->GetInstance("a1").status(), Reason::kInstanceNotFound));
}

TEST_F(BrokerTest, FetchingPagesThroughALongLogInBothDirections) {
  for (int first = 1; first <= 2500; first += 500) AppendNumbers("bot", first, first + 499);
  uint64_t expected = 0;
  for (const auto& event : client_->FetchMissed({.instance = "bot"})) ASSERT_EQ(event->cursor(), ++expected);
  EXPECT_EQ(expected, 2500u);
  for (const auto& event : client_->FetchMissed({.instance = "bot", .reverse = true})) {
    ASSERT_EQ(event->cursor(), expected--);
  }
  EXPECT_EQ(expected, 0u);
}

TEST_F(BrokerTest, ASubscriptionGoesFromHistoryToLive) {
  AppendNumbers("bot", 1, 10);
  Subscription subscription = *client_->Subscribe("bot", Start::Beginning());
  uint64_t caught_up = 0;
  subscription.OnCaughtUp([&](uint64_t cursor) { caught_up = cursor; });
  for (uint64_t cursor = 1; cursor <= 10; ++cursor) ASSERT_EQ(subscription.Next()->cursor(), cursor);
  AppendNumbers("bot", 11, 11);
  EXPECT_EQ(subscription.Next()->cursor(), 11u);
  EXPECT_EQ(caught_up, 10u);
}

TEST_F(BrokerTest, AFilteredSubscriptionGetsItsTypes) {
  Subscription subscription = *client_->Subscribe("bot", Start::Now(), {.types = {"m*"}});
  ASSERT_TRUE(subscription.WaitForOpen().ok());
  ASSERT_TRUE(client_->Append("bot", {{.type = "status"}, {.type = "message"}}).ok());
  EXPECT_EQ(subscription.Next()->type(), "message");
}

TEST_F(BrokerTest, TrimmedHistoryIsTerminalOrACountedGap) {
  AppendNumbers("bot", 1, 10);
  storage::EventLog& log = broker_->server()->event_log();
  const auto bot = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { log.OpenInstance("bot", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(bot.ok()) << bot.status();
  const absl::Status trimmed =
      testing::AwaitStatus([&](auto done) { log.Trim(*bot, storage::Cursor(5), std::move(done)); });
  ASSERT_TRUE(trimmed.ok()) << trimmed;
  Subscription strict = *client_->Subscribe("bot", Start::After(1));
  const absl::Status status = strict.Next().status();
  EXPECT_TRUE(HasReason(status, Reason::kCursorTrimmed)) << status;
  EXPECT_EQ(ToProto(status).first_cursor(), 5u);
  Subscription lenient = *client_->Subscribe("bot", Start::After(1), {.allow_gap = true});
  EXPECT_EQ(lenient.Next()->cursor(), 5u);
  EXPECT_EQ(lenient.missed_events(), 3u);
  uint64_t gap = 0;
  for (const auto& event :
       client_->FetchMissed({.instance = "bot", .start = Start::After(1), .limit = 1, .allow_gap = true},
                            [&](const v1::Gap& missing) { gap = missing.event_count(); })) {
    EXPECT_EQ(event->cursor(), 5u);
  }
  EXPECT_EQ(gap, 3u);
}

TEST_F(BrokerTest, HandlersReceiveALiveStream) {
  Subscription subscription = *client_->Subscribe("bot", Start::Beginning());
  std::vector<std::string> seen;
  subscription.On("number", [&](const Event& event) {
    seen.emplace_back(event.data());
    if (seen.size() == 3) subscription.Close();
  });
  subscription.Start();
  AppendNumbers("bot", 1, 3);
  EXPECT_TRUE(subscription.WaitForClose().ok());
  EXPECT_THAT(seen, ElementsAre("1", "2", "3"));
}

TEST_F(BrokerTest, ASubscriptionToABrokerThatIsNotThereYetStartsWhenItIs) {
  broker_->Stop();
  absl::Notification failed_once;
  SubscribeOptions options;
  options.on_reconnect = [&](int attempt, const absl::Status&) {
    if (attempt == 1) failed_once.Notify();
  };
  Subscription subscription = *client_->Subscribe("bot", Start::Beginning(), std::move(options));
  failed_once.WaitForNotification();
  ASSERT_TRUE(broker_->Resume().ok());
  AppendNumbers("bot", 1, 1);
  EXPECT_EQ(subscription.Next()->cursor(), 1u);
}

TEST_F(BrokerTest, ASubscriptionSurvivesRestartsWithNothingLostOrRepeated) {
  Subscription subscription = *client_->Subscribe("bot", Start::Beginning());
  std::thread broker([&] {
    for (int round = 0; round < 5; ++round) {
      AppendNumbers("bot", 100 * round + 1, 100 * round + 100);
      Restart();
    }
  });
  for (uint64_t cursor = 1; cursor <= 500; ++cursor) {
    const absl::StatusOr<Event> event = subscription.Next();
    ASSERT_TRUE(event.ok()) << event.status();
    ASSERT_EQ(event->cursor(), cursor);
    ASSERT_EQ(event->data(), absl::StrCat(cursor));
  }
  broker.join();
}

TEST_F(BrokerTest, APublisherSurvivesRestartsWithNothingLostRepeatedOrReordered) {
  constexpr int kEvents = 20'000;
  constexpr int kRestarts = 5;
  Publisher publisher = *client_->NewPublisher({.batch_events_max = 16, .window_events_max = 256});
  std::atomic<int> stored{0};
  std::thread broker([&] {
    for (int round = 1; round <= kRestarts; ++round) {
      while (stored.load() < round * kEvents / (kRestarts + 1)) std::this_thread::yield();
      Restart();
    }
  });
  for (int i = 1; i <= kEvents; ++i) {
    const std::string data = absl::StrCat(i);
    const absl::Status status = publisher.Append("bot", {.type = "t", .data = data}, [&](absl::StatusOr<Receipt> r) {
      EXPECT_TRUE(r.ok()) << r.status();
      ++stored;
    });
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_TRUE(publisher.Flush().ok());
  broker.join();
  const std::vector<std::string> all = AllData("bot");
  ASSERT_EQ(all.size(), static_cast<size_t>(kEvents));
  for (int i = 1; i <= kEvents; ++i) ASSERT_EQ(all[static_cast<size_t>(i - 1)], absl::StrCat(i));
}

TEST_F(BrokerTest, AnImportThatIsRunAgainStoresNothingTwice) {
  const auto import = [&](int events) {
    Publisher publisher = *client_->NewPublisher({.producer_id = "import-of-file", .batch_events_max = 7});
    int duplicates = 0;
    for (int i = 1; i <= events; ++i) {
      const std::string data = absl::StrCat(i);
      const std::string instance = absl::StrCat("bot-", i % 3);
      EXPECT_TRUE(
          publisher
              .Append(instance, {.type = "t", .data = data},
                      [&](absl::StatusOr<Receipt> receipt) { duplicates += receipt.ok() && receipt->duplicate; })
              .ok());
    }
    EXPECT_TRUE(publisher.Close().ok());
    return duplicates;
  };
  EXPECT_EQ(import(100), 0);
  EXPECT_EQ(import(160), 100);
  size_t stored = 0;
  for (const auto& instance : client_->ListInstances()) stored += instance->event_count();
  EXPECT_EQ(stored, 160u);
}

TEST_F(BrokerTest, ARefusedEventFailsItsInstanceOnlyAndAppendsCanBeResumed) {
  Publisher publisher = *client_->NewPublisher({.eager_batches = 1});
  const std::string large(size_t{2} << 20, 'x');  // More than this broker takes, and less than any may.
  EXPECT_EQ(publisher.Append("bot", {.type = "t", .data = "1"}).get()->cursor, 1u);
  auto refused = publisher.Append("bot", {.type = "t", .data = large});
  auto behind = publisher.Append("bot", {.type = "t", .data = "3"});
  auto other = publisher.Append("other", {.type = "t", .data = "1"});
  EXPECT_TRUE(HasReason(refused.get().status(), Reason::kEventTooLarge));
  EXPECT_TRUE(HasReason(behind.get().status(), Reason::kPreviousFailed));
  EXPECT_EQ(other.get()->cursor, 1u);
  publisher.ResumeAppends("bot");
  EXPECT_EQ(publisher.Append("bot", {.type = "t", .data = "4"}).get()->cursor, 2u);
}

TEST_F(BrokerTest, SubscriptionsMayBeDroppedAtAnyMoment) {
  for (int first = 1; first <= 2000; first += 500) AppendNumbers("bot", first, first + 499);
  for (int i = 0; i < 50; ++i) {
    Subscription subscription = *client_->Subscribe("bot", Start::Beginning(), {.buffered_bytes_max = 1000});
    for (int event = 0; event < i; ++event) ASSERT_TRUE(subscription.Next().ok());
  }
}

}  // namespace
}  // namespace playhead
