// Consumers against a real broker in this process: what is acknowledged stays acknowledged, whatever ends; what is not
// is redelivered.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/consumers_client.h"
#include "client/testing/test_broker.h"
#include "proto/errors.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;

class ConsumerBrokerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<TestBroker>> broker = TestBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
    client_.emplace(broker_->NewClient());
    admin_.emplace(*ConsumersClient::Create({.target = broker_->target()}));
  }

  void AppendNumbers(absl::string_view instance, int first, int last) {
    std::vector<std::string> numbers;
    std::vector<NewEvent> events;
    for (int i = first; i <= last; ++i) numbers.push_back(absl::StrCat(i));
    for (const std::string& number : numbers) events.push_back({.type = "number", .data = number});
    const absl::StatusOr<AppendResult> result = client_->Append(instance, events);
    ASSERT_TRUE(result.ok()) << result.status();
  }

  // Options that make the consumer, of one instance from its beginning.
  static ConsumeOptions Reading(const std::string& instance) {
    ConsumeOptions options;
    v1::CreateConsumerRequest& create = options.create.emplace();
    create.mutable_config()->mutable_source()->set_instance(instance);
    create.mutable_config()->set_attempts_max(3);
    create.mutable_config()->set_ack_deadline_ms(600'000);  // However slow the test is, none passes.
    create.mutable_start()->mutable_beginning();
    return options;
  }

  static std::string NextData(Consumer& consumer) {
    const absl::StatusOr<Delivery> delivery = consumer.Next(absl::Now() + absl::Minutes(2));
    EXPECT_TRUE(delivery.ok()) << delivery.status();
    return delivery.ok() ? std::string(delivery->event().data()) : "";
  }

  std::unique_ptr<TestBroker> broker_;
  std::optional<Client> client_;
  std::optional<ConsumersClient> admin_;
};

TEST_F(ConsumerBrokerTest, WhatWasHandledDoesNotComeAgainOverRestarts) {
  AppendNumbers("bot", 1, 10);
  {
    absl::StatusOr<Consumer> consumer = client_->Consume("crm", Reading("bot"));
    ASSERT_TRUE(consumer.ok()) << consumer.status();
    for (int i = 1; i <= 4; ++i) EXPECT_EQ(NextData(*consumer), absl::StrCat(i));
    ASSERT_TRUE(consumer->Flush(absl::Now() + absl::Minutes(2)).ok());
  }  // The fourth was handed out and never called handled.
  ASSERT_TRUE(broker_->Restart().ok());
  absl::StatusOr<Consumer> consumer = client_->Consume("crm");
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  for (int i = 4; i <= 10; ++i) EXPECT_EQ(NextData(*consumer), absl::StrCat(i));
  AppendNumbers("bot", 11, 11);
  EXPECT_EQ(NextData(*consumer), "11") << "live";
}

TEST_F(ConsumerBrokerTest, ABrokerThatGoesAwayInTheMiddleCostsNothingThatWasConfirmed) {
  constexpr int kEvents = 3000;
  AppendNumbers("bot", 1, kEvents);
  absl::StatusOr<Consumer> consumer = client_->Consume("crm", Reading("bot"));
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  std::set<std::string> handled;
  std::set<std::string> confirmed;
  absl::Mutex mu;
  DeliveryBatch batch;
  for (int restarts = 0; static_cast<int>(handled.size()) < kEvents;) {
    ASSERT_TRUE(consumer->NextBatch(batch, absl::Now() + absl::Minutes(2)).ok()) << consumer->status();
    std::vector<std::string> data;
    for (const EventView& event : batch) {
      data.emplace_back(event.data);
      handled.insert(data.back());
      absl::MutexLock lock(&mu);
      EXPECT_FALSE(confirmed.contains(data.back())) << data.back() << " came again";
    }
    consumer->Ack(batch, [&mu, &confirmed, data](const absl::Status& status) {
      if (!status.ok()) return;
      absl::MutexLock lock(&mu);
      confirmed.insert(data.begin(), data.end());
    });
    if (static_cast<int>(handled.size()) > (restarts + 1) * kEvents / 4 && restarts < 3) {
      ++restarts;
      ASSERT_TRUE(broker_->Restart().ok());
    }
  }
  EXPECT_EQ(static_cast<int>(handled.size()), kEvents);
  consumer->Close();
  EXPECT_TRUE(consumer->WaitForClose().ok());
}

TEST_F(ConsumerBrokerTest, AHandlersErrorMakesItComeAgainUntilItIsParked) {
  AppendNumbers("bot", 1, 3);
  ConsumeOptions options = Reading("bot");
  options.nack_delay = absl::ZeroDuration();
  absl::StatusOr<Consumer> consumer = client_->Consume("crm", std::move(options));
  ASSERT_TRUE(consumer.ok()) << consumer.status();
  std::vector<uint32_t> attempts;
  absl::Notification failed_thrice;
  consumer->On("number", [&](const Delivery& delivery) {
    if (delivery.event().data() != "2") return absl::OkStatus();
    attempts.push_back(delivery.attempt());
    if (attempts.size() == 3) failed_thrice.Notify();
    return absl::InternalError("cannot be parsed");
  });
  consumer->Start();
  failed_thrice.WaitForNotification();
  consumer->Close();
  ASSERT_TRUE(consumer->WaitForClose().ok());
  EXPECT_THAT(attempts, ElementsAre(1, 2, 3));
  std::vector<v1::ParkedEvent> parked;
  for (const auto& event : admin_->ListParked("crm", /*with_events=*/true)) {
    ASSERT_TRUE(event.ok()) << event.status();
    parked.push_back(*event);
  }
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_EQ(parked[0].cursor(), 2u);
  EXPECT_EQ(parked[0].attempts(), 3u);
  EXPECT_EQ(parked[0].reason(), "cannot be parsed");
  EXPECT_EQ(parked[0].event().data(), "2");

  v1::RequeueParkedRequest requeue;
  requeue.set_consumer("crm");
  requeue.set_oldest(10);
  EXPECT_EQ(admin_->RequeueParked(requeue)->requeued_count(), 1u);
  absl::StatusOr<Consumer> again = client_->Consume("crm");
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(NextData(*again), "2");
}

TEST_F(ConsumerBrokerTest, OneHolderIsTakenOverAndHearsOfIt) {
  AppendNumbers("bot", 1, 2);
  absl::StatusOr<Consumer> first = client_->Consume("crm", Reading("bot"));
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(NextData(*first), "1");
  ConsumeOptions options;
  options.take_over = true;
  absl::StatusOr<Consumer> second = client_->Consume("crm", std::move(options));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(NextData(*second), "1") << "it was never acknowledged";
  EXPECT_TRUE(HasReason(first->WaitForClose(), Reason::kConsumerTakenOver));
  EXPECT_TRUE(HasReason(first->Next().status(), Reason::kConsumerTakenOver));
}

TEST_F(ConsumerBrokerTest, AnUpstreamGapIsToldInItsPlace) {
  AppendNumbers("bot", 1, 1);
  ASSERT_TRUE(client_->ReportUpstreamGap("bot", {.from = 5, .to = 9, .reason = "offline"}).ok());
  absl::StatusOr<Consumer> consumer = client_->Consume("crm", Reading("bot"));
  ASSERT_TRUE(consumer.ok());
  std::vector<std::string> gaps;
  consumer->OnGap([&](const std::string& instance, const v1::Gap& gap) {
    gaps.push_back(absl::StrCat(instance, " ", gap.from(), "-", gap.to(), " ", gap.reason()));
  });
  EXPECT_EQ(NextData(*consumer), "1");
  EXPECT_THAT(gaps, ElementsAre());
  EXPECT_EQ(NextData(*consumer), R"({"from":5,"to":9,"reason":"offline"})");
  EXPECT_THAT(gaps, ElementsAre("bot 5-9 offline"));
}

TEST_F(ConsumerBrokerTest, AResetLetsEventsComeAgain) {
  AppendNumbers("bot", 1, 5);
  absl::StatusOr<Consumer> consumer = client_->Consume("crm", Reading("bot"));
  ASSERT_TRUE(consumer.ok());
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(NextData(*consumer), absl::StrCat(i));
  EXPECT_TRUE(absl::IsDeadlineExceeded(consumer->Next(absl::InfinitePast()).status()));
  ASSERT_TRUE(consumer->Flush(absl::Now() + absl::Minutes(2)).ok());
  v1::ResetConsumerRequest reset;
  reset.set_name("crm");
  reset.mutable_start()->set_after_cursor(3);
  EXPECT_TRUE(HasReason(admin_->ResetConsumer(reset).status(), Reason::kResetUnconfirmed));
  reset.set_events_again_max(2);
  const auto done = admin_->ResetConsumer(reset);
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->events_again(), 2u);
  EXPECT_EQ(NextData(*consumer), "4") << "the stream was opened again by itself";
  EXPECT_EQ(NextData(*consumer), "5");
}

// After WaitForClose a program may destroy what its callbacks use.
TEST_F(ConsumerBrokerTest, AConsumerHasEndedOnlyWhenItsLastCallbackHasReturned) {
  AppendNumbers("device", 1, 1);
  Consumer consumer = *client_->Consume("slow", Reading("device"));
  const absl::StatusOr<Delivery> delivery = consumer.Next(absl::Now() + absl::Minutes(2));
  ASSERT_TRUE(delivery.ok()) << delivery.status();
  std::atomic<bool> returned = false;
  consumer.Ack(*delivery, [&returned](const absl::Status& settled) {
    EXPECT_TRUE(settled.ok()) << settled;
    absl::SleepFor(absl::Milliseconds(300));  // Long enough for a WaitForClose that does not wait to return.
    returned = true;
  });
  consumer.Close();
  EXPECT_TRUE(consumer.WaitForClose().ok());
  EXPECT_TRUE(returned);
}

}  // namespace
}  // namespace playhead
