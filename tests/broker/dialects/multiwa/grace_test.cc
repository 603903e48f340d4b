#include "broker/dialects/multiwa/grace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/sessions/session_key.h"
#include "broker/sessions/session_store.h"
#include "tests/support/broker_core.h"
#include "tests/support/seed.h"

namespace playhead::broker::multiwa {
namespace {

using model::Position;
using testing::BrokerCore;

constexpr absl::Duration kLong = absl::Hours(1);

Position At(uint64_t cursor) { return {storage::InstanceNumber(1), storage::Cursor(cursor), 0}; }

class GraceTest : public ::testing::Test {
 protected:
  GraceTest() { Restart(kLong); }
  ~GraceTest() override { store_->Stop(absl::InfiniteFuture()); }

  // As the broker does: what is left of the last one is read from the store.
  void Restart(absl::Duration window) {
    if (store_ != nullptr) store_->Stop(absl::InfiniteFuture());
    store_ = stores_.emplace_back(*SessionStore::Load(broker_.core())).get();
    grace_ = graces_.emplace_back(std::make_unique<Grace>(broker_.core(), *store_, window)).get();
    grace_->Load();
  }

  // Where a subscription starts; 0 if nothing is kept for it.
  uint64_t Start(absl::string_view host = "host") {
    const std::optional<Grace::Start> taken = grace_->TakeStart(key_, host);
    return taken ? taken->read.cursor.value() : 0;
  }

  std::unique_ptr<Grace::Subscription> Open(uint64_t start, std::string host = "host") {
    return grace_->Open(key_, "owner", std::move(host), {At(start)});
  }

  // Opens the subscription of one that returns; where it starts.
  uint64_t Return(std::unique_ptr<Grace::Subscription>& subscription) {
    const std::optional<Grace::Start> taken = grace_->TakeStart(key_, "host");
    subscription = grace_->Open(key_, "owner", "host", taken.value());
    return taken->read.cursor.value();
  }

  // What happens from now on is not on disk.
  void Crash() { store_->Stop(absl::InfiniteFuture()); }

  const std::string key_ = SessionKey("multiwa", {"secret", "profile", "all"});
  // They must outlive their timers; the latest are used.
  std::vector<std::unique_ptr<SessionStore>> stores_;
  std::vector<std::unique_ptr<Grace>> graces_;
  BrokerCore broker_;
  SessionStore* store_ = nullptr;
  Grace* grace_ = nullptr;
};

TEST_F(GraceTest, KeepsNothingForWhoLeft) {
  auto subscription = Open(5);
  subscription->Read(At(7), false);
  subscription->Leave();
  subscription.reset();
  EXPECT_EQ(Start(), 0);
}

TEST_F(GraceTest, GivesBackWhereItBroke) {
  auto subscription = Open(5);
  subscription->Read(At(7), true);
  subscription.reset();
  EXPECT_EQ(Start(), 7);
}

TEST_F(GraceTest, NobodyStartsBehindAConnectionThatMayHang) {
  auto subscription = Open(5);
  EXPECT_EQ(Start(), 5);
  subscription->Read(At(7), true);
  EXPECT_EQ(Start(), 7);
  subscription->Read(At(9), false);
  EXPECT_EQ(Start(), 9);
  EXPECT_EQ(Start(), 9);
}

TEST_F(GraceTest, KnowsWhoAcknowledges) {
  auto subscription = Open(5);
  subscription->Acknowledges();
  subscription.reset();
  Restart(kLong);
  const std::optional<Grace::Start> taken = grace_->TakeStart(key_, "host");
  ASSERT_TRUE(taken.has_value());
  EXPECT_TRUE(taken->client_acks);
  Open(5).reset();
  EXPECT_FALSE(grace_->TakeStart(key_, "host")->client_acks);
}

TEST_F(GraceTest, ForgetsAfterTheWindow) {
  Restart(absl::Milliseconds(1));
  Open(5).reset();
  while (store_->size() > 0) std::this_thread::yield();
  EXPECT_EQ(Start(), 0);
}

TEST_F(GraceTest, OutlivesTheBroker) {
  auto subscription = Open(5);
  subscription->Read(At(6), true);
  subscription.reset();
  Restart(kLong);
  EXPECT_EQ(Start(), 6);
  // Also of who was connected as the broker ended.
  auto other = Open(8);
  Crash();
  other.reset();
  Restart(kLong);
  // Nothing had taken the place of what was used up.
  EXPECT_EQ(Start(), 6);
  EXPECT_EQ(Start(), 6);
}

TEST_F(GraceTest, TheLastPositionIsWrittenAlsoIfNothingMoreIsRead) {
  auto subscription = Open(5);
  subscription->Read(At(7), false);  // So soon behind the first write that it waits.
  const std::string row = store_->Keys("multiwa.").front();
  while (!absl::StartsWith(store_->Get(row)->value, At(7).ToString())) std::this_thread::yield();
  Crash();
  subscription.reset();
  Restart(kLong);
  EXPECT_EQ(Start(), 7);
}

TEST_F(GraceTest, APositionThatGoesBackAtTheFirstAcknowledgementIsWrittenWithIt) {
  auto subscription = Open(5);
  subscription->Read(At(9), true);
  subscription->Acknowledges();
  subscription->Read(At(6), true);
  Crash();
  subscription.reset();
  Restart(kLong);
  EXPECT_EQ(Start(), 6);
}

TEST_F(GraceTest, WhatWasUsedUpStaysSoThroughCrashes) {
  std::unique_ptr<Grace::Subscription> subscription = Open(5);
  for (uint64_t read = 6; read < 10; ++read) {
    subscription->Read(At(read), false);
    subscription.reset();
    EXPECT_EQ(Return(subscription), read);
    Crash();
    subscription.reset();
    Restart(kLong);
    EXPECT_EQ(Return(subscription), read);
  }
}

TEST_F(GraceTest, OneThatHungAsTheBrokerDiedCountsOnceMore) {
  auto hanging = Open(5);
  hanging->Read(At(5), true);
  std::unique_ptr<Grace::Subscription> subscription;
  EXPECT_EQ(Return(subscription), 5);
  subscription->Read(At(8), true);
  Crash();
  hanging.reset();
  subscription.reset();
  Restart(kLong);
  EXPECT_EQ(Return(subscription), 5);
  subscription.reset();
  EXPECT_EQ(Return(subscription), 5);
}

TEST_F(GraceTest, WhoReturnsFromItsHostUsesUpWhatWasKept) {
  Open(5).reset();
  EXPECT_EQ(Start("another"), 5);
  EXPECT_EQ(Start("another"), 5);
  EXPECT_EQ(Start(), 5);
  Open(9).reset();
  EXPECT_EQ(Start(), 9);
}

TEST_F(GraceTest, AConnectionThatHangsIsUsedUpUntilItMoves) {
  auto hanging = Open(5);
  hanging->Read(At(5), true);
  EXPECT_EQ(Start(), 5);
  auto again = Open(5);
  again->Read(At(8), true);
  hanging->Read(At(5), true);
  EXPECT_EQ(Start(), 8);
  hanging->Read(At(6), true);
  EXPECT_EQ(Start(), 6);
}

// Clients that subscribe alike, each from a host of its own, break in all ways, and the broker does, and come back,
// against what they have really read.
TEST_F(GraceTest, NoClientEverStartsBehindWhatItHasRead) {
  struct Client {
    std::unique_ptr<Grace::Subscription> subscription;
    std::unique_ptr<Grace::Subscription> hanging;  // Of its connection before, which is not known to be broken.
    uint64_t read = 0;                             // Really.
    uint64_t known = 0;                            // To the broker.
    uint64_t hanging_known = 0;
    bool expects = false;  // It was here before and did not leave.
  };
  testing::Random random(testing::TestSeed());
  for (int round = 0; round < 200; ++round) {
    const std::string key = SessionKey("multiwa", {absl::StrCat(round)});
    std::vector<Client> clients(1 + random.Below(4));
    uint64_t head = 100;
    for (int step = 0; step < 60; ++step) {
      const size_t number = random.Below(clients.size());
      Client& client = clients[number];
      const std::string host = absl::StrCat("host-", number);
      switch (random.Below(7)) {
        case 0:  // An event, which is sent to all connections.
          ++head;
          for (Client& each : clients) {
            if (each.subscription != nullptr) each.subscription->Read(At(each.known), true);
            if (each.hanging != nullptr) each.hanging->Read(At(each.hanging_known), true);
          }
          break;
        case 1:  // It reads what was sent; the broker may hear of it.
          if (client.subscription == nullptr) break;
          client.read = std::max(client.read, client.known + random.Below(head - client.known + 1));
          if (random.OneIn(2)) break;
          client.known = client.read;
          client.subscription->Read(At(client.known), client.known < head);
          break;
        case 2:  // It breaks.
          client.subscription.reset();
          client.hanging.reset();
          break;
        case 3:  // It breaks, and the broker does not notice.
          if (client.subscription == nullptr || client.hanging != nullptr) break;
          client.hanging = std::move(client.subscription);
          client.hanging_known = client.known;
          break;
        case 4:  // It leaves.
          if (client.subscription == nullptr || !random.OneIn(4)) break;
          client.subscription->Leave();
          client.subscription.reset();
          client.hanging.reset();
          client.expects = false;
          break;
        case 5:  // The broker crashes.
          if (!random.OneIn(4)) break;
          Crash();
          for (Client& each : clients) {
            each.subscription.reset();
            each.hanging.reset();
          }
          Restart(kLong);
          break;
        default: {  // It comes back, or for the first time.
          if (client.subscription != nullptr) break;
          const Grace::Start taken = grace_->TakeStart(key, host).value_or(Grace::Start{At(head)});
          const uint64_t start = taken.read.cursor.value();
          ASSERT_LE(start, head);
          if (client.expects) {
            ASSERT_LE(start, client.read) << "round " << round << ", step " << step;
          }
          client.read = client.expects ? client.read : start;
          client.known = start;
          client.expects = true;
          client.subscription = grace_->Open(key, "owner", host, taken);
          client.subscription->Read(At(start), start < head);
          client.hanging.reset();
          break;
        }
      }
    }
  }
}

}  // namespace
}  // namespace playhead::broker::multiwa
