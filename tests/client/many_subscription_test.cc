// The client's subscriptions to many instances, against a real broker in this process.
#include "client/many_subscription.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/start.h"
#include "client/testing/test_broker.h"
#include "proto/errors.h"

namespace playhead {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pair;

class ClientManySubscriptionTest : public ::testing::Test {
 protected:
  using Cursors = std::map<std::string, std::vector<uint64_t>>;

  void SetUp() override {
    absl::StatusOr<std::unique_ptr<TestBroker>> broker = TestBroker::Start();
    ASSERT_TRUE(broker.ok()) << broker.status();
    broker_ = *std::move(broker);
  }

  void Append(absl::string_view instance, int count) {
    Client client = broker_->NewClient();
    for (int i = 0; i < count; ++i) {
      const auto appended = client.Append(instance, {{.type = "number"}});
      ASSERT_TRUE(appended.ok()) << appended.status();
    }
  }

  ManySubscription Subscribe(SubscribeManyOptions options) {
    auto subscription = broker_->NewClient().SubscribeMany(ManySources::Prefix("a"), std::move(options));
    EXPECT_TRUE(subscription.ok()) << subscription.status();
    return *std::move(subscription);
  }

  // Takes `count` events in all.
  static Cursors Take(ManySubscription& subscription, size_t count) {
    Cursors cursors;
    ManyBatch batch;
    for (size_t taken = 0; taken < count;) {
      const absl::Status status = subscription.NextBatch(batch);
      EXPECT_TRUE(status.ok()) << status;
      if (!status.ok()) break;
      for (const EventView& event : batch.events) cursors[batch.instance].push_back(event.cursor);
      taken += batch.events.size();
    }
    return cursors;
  }

  std::unique_ptr<TestBroker> broker_;
};

TEST_F(ClientManySubscriptionTest, GoesOnBehindWhatWasHandledWhenTheBrokerRestarts) {
  Append("a1", 3);
  Append("a2", 2);
  Append("b", 1);
  ManySubscription subscription = Subscribe({.start = Start::Beginning().proto()});
  EXPECT_THAT(Take(subscription, 5), ElementsAre(Pair("a1", ElementsAre(1, 2, 3)), Pair("a2", ElementsAre(1, 2))));
  subscription.NoteHandled();
  ASSERT_TRUE(broker_->Restart().ok());
  Append("a2", 1);
  Append("a3", 1);
  EXPECT_THAT(Take(subscription, 2), ElementsAre(Pair("a2", ElementsAre(3)), Pair("a3", ElementsAre(1))));
}

TEST_F(ClientManySubscriptionTest, AnotherOneGoesOnBehindASavedPosition) {
  Append("a1", 4);
  std::string position;
  {
    ManySubscription subscription = Subscribe({.start = Start::Beginning().proto()});
    Take(subscription, 1);
    subscription.NoteHandled();
    position = subscription.position();
  }
  Append("a2", 1);
  ManySubscription resumed = Subscribe({.position = position});
  Cursors rest;
  while (rest.count("a2") == 0) rest.merge(Take(resumed, 1));
  EXPECT_THAT(rest["a1"], Not(Contains(1u)));
  EXPECT_THAT(rest["a2"], ElementsAre(1));
}

TEST_F(ClientManySubscriptionTest, HandlersHearEachEventUntilOneCloses) {
  Append("a1", 2);
  Append("a2", 1);
  ManySubscription subscription = Subscribe({.start = Start::Beginning().proto()});
  std::vector<std::string> heard;
  subscription.On("number", [&](absl::string_view instance, const Event& event) {
    heard.push_back(absl::StrCat(instance, "/", event.cursor()));
    if (heard.size() == 3) subscription.Close();
  });
  EXPECT_TRUE(subscription.Run().ok());
  EXPECT_THAT(heard, ElementsAre("a1/1", "a1/2", "a2/1"));
}

TEST_F(ClientManySubscriptionTest, NoHandlerIsCalledAfterAClose) {
  Append("a1", 5);
  ManySubscription subscription = Subscribe({.start = Start::Beginning().proto()});
  int heard = 0;
  subscription.On("number", [&](absl::string_view /*instance*/, const Event& /*event*/) {
    ++heard;
    subscription.Close();
  });
  EXPECT_TRUE(subscription.Run().ok());
  EXPECT_EQ(heard, 1);
}

TEST_F(ClientManySubscriptionTest, WhatTheBrokerRefusesEndsIt) {
  ManySubscription subscription = Subscribe({.position = "pos_nonsense"});
  ManyBatch batch;
  EXPECT_TRUE(HasReason(subscription.NextBatch(batch), Reason::kPositionInvalid));
  EXPECT_TRUE(HasReason(subscription.NextBatch(batch), Reason::kPositionInvalid));
}

TEST_F(ClientManySubscriptionTest, WaitsNoLongerThanTheDeadline) {
  ManySubscription subscription = Subscribe({.start = Start::Now().proto()});
  ManyBatch batch;
  EXPECT_TRUE(absl::IsDeadlineExceeded(subscription.NextBatch(batch, absl::Now() + absl::Milliseconds(20))));
}

}  // namespace
}  // namespace playhead
