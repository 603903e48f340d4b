// The stored sessions, over a real store.
#include "broker/sessions/session_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/sessions/session_key.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/broker_core.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using testing::AwaitStatus;
using testing::BrokerCore;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TempDir;

// A store that can be left as a crash leaves it.
class SessionStoreTest : public ::testing::Test {
 protected:
  SessionStoreTest() { Open(); }
  ~SessionStoreTest() override { Crash(); }

  void Open() {
    core_ = std::make_unique<BrokerCore>(Limits(), dir_.path(), [this] {
      ++looks_at_the_clock_;
      return absl::Now() + absl::Hours(hours_ahead_.load());
    });
    auto store = SessionStore::Load(core_->core(), limits_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    store_->SetOnRemoved("", [this](const std::string& key) { removed_.push_back(key); });
  }
  // What was not flushed is lost.
  void Crash() {
    core_.reset();
    store_.reset();
  }
  void Restart() {
    Crash();
    Open();
  }
  absl::Status Flush() {
    return AwaitStatus([this](auto done) { store_->Flush(std::move(done)); });
  }

  const TempDir dir_;
  SessionLimits limits_;
  std::atomic<int64_t> hours_ahead_ = 0;  // Of the clock.
  std::atomic<uint64_t> looks_at_the_clock_ = 0;
  std::unique_ptr<SessionStore> store_;  // Outlives the log.
  std::unique_ptr<BrokerCore> core_;
  std::vector<std::string> removed_;
};

TEST_F(SessionStoreTest, WhatIsFlushedOutlivesTheBroker) {
  const SessionRecord a{"key", storage::InstanceNumber(7), std::string("a\0b", 3)};
  ASSERT_TRUE(store_->Put("x.a", a).ok());
  ASSERT_TRUE(store_->Put("x.b", {"key", {}, "b"}).ok());
  ASSERT_TRUE(Flush().ok());
  store_->Remove("x.b");
  ASSERT_TRUE(Flush().ok());
  Restart();
  EXPECT_EQ(store_->Get("x.a"), a);
  EXPECT_EQ(store_->Get("x.b"), std::nullopt);
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.a"));
}

TEST_F(SessionStoreTest, TheLastOfManyChangesIsTheOneThatIsKept) {
  for (int i = 0; i <= 100; ++i) ASSERT_TRUE(store_->Put("x.a", {"key", {}, std::to_string(i)}).ok());
  store_->Stop(absl::Now() + absl::Seconds(10));
  Restart();
  EXPECT_EQ(store_->Get("x.a")->value, "100");
}

TEST_F(SessionStoreTest, MoreThanOneWriteHasRoomForIsFlushedAsAWhole) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(store_->Put("x." + std::to_string(i), {"key", {}, std::string(kSessionValueBytesMax, 'v')}).ok());
  }
  ASSERT_TRUE(Flush().ok());
  Restart();
  EXPECT_EQ(store_->size(), 500u);
}

TEST_F(SessionStoreTest, WhatIsTooLongIsRefused) {
  EXPECT_TRUE(
      HasReason(store_->Put("x", {"", {}, std::string(kSessionValueBytesMax + 1, 'v')}), Reason::kMalformedRequest));
  EXPECT_TRUE(HasReason(store_->Put(std::string(kSessionKeyBytesMax + 1, 'k'), {}), Reason::kMalformedRequest));
  EXPECT_EQ(store_->size(), 0u);
}

TEST_F(SessionStoreTest, TheLongestUnusedOfAnOwnerMakesRoomForAnotherOfIts) {
  limits_.sessions_per_owner_max = 2;
  Restart();
  ASSERT_TRUE(store_->Put("x.other", {"other", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.b", {"key", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok()) << "used again";
  ASSERT_TRUE(store_->Put("x.c", {"key", {}, ""}).ok());
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.a", "x.c", "x.other"));
  EXPECT_THAT(removed_, ElementsAre("x.b"));
}

TEST_F(SessionStoreTest, OneThatGoesOverToAnotherOwnerKeepsItsPlace) {
  limits_.sessions_max = 2;
  Restart();
  ASSERT_TRUE(store_->Put("x.a", {}).ok());  // The longest unused, in a full store.
  ASSERT_TRUE(store_->Put("x.b", {"other", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok());
  EXPECT_THAT(removed_, IsEmpty());
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.a", "x.b"));
}

TEST_F(SessionStoreTest, OneThatGoesOverToAnOwnerWithAllItMayHaveTakesTheLongestUnusedsPlace) {
  limits_.sessions_per_owner_max = 2;
  Restart();
  ASSERT_TRUE(store_->Put("x.m", {"other", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.z", {"key", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.m", {"key", {}, "moved"}).ok());
  EXPECT_THAT(removed_, ElementsAre("x.a"));
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.m", "x.z"));
  EXPECT_EQ(store_->Get("x.m")->value, "moved");
}

TEST_F(SessionStoreTest, OneInUseNeverGoes) {
  limits_.sessions_max = 2;
  Restart();
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok());
  ASSERT_TRUE(store_->Put("x.b", {"other", {}, ""}).ok());
  auto a = store_->Hold("x.a");
  auto b = store_->Hold("x.b");
  EXPECT_TRUE(HasReason(store_->Put("x.c", {"key", {}, ""}), Reason::kStreamsLimit));
  EXPECT_THAT(removed_, IsEmpty());
  a.reset();
  EXPECT_TRUE(store_->Put("x.c", {"key", {}, ""}).ok());
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.b", "x.c"));
}

TEST_F(SessionStoreTest, OneThatNobodyUsesExpires) {
  limits_.expiry = absl::Milliseconds(100);
  limits_.expiry_interval = absl::Milliseconds(5);
  Restart();
  std::optional<SessionStore::Use> use;
  while (!use) {  // It may have expired before it was held.
    ASSERT_TRUE(store_->Put("x.used", {"key", {}, ""}).ok());
    use = store_->Hold("x.used");
  }
  ASSERT_TRUE(store_->Put("x.unused", {"key", {}, ""}).ok());
  while (store_->Get("x.unused")) std::this_thread::yield();
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.used"));
}

TEST_F(SessionStoreTest, NoneExpiresBecauseTheClockLeaps) {
  limits_.expiry_interval = absl::Milliseconds(1);
  Restart();
  ASSERT_TRUE(store_->Put("x.a", {"key", {}, ""}).ok());
  const auto await_expiry = [this] {
    for (const uint64_t before = looks_at_the_clock_; looks_at_the_clock_ < before + 3;) std::this_thread::yield();
  };
  await_expiry();
  hours_ahead_ = 2 * absl::ToInt64Hours(limits_.expiry);
  await_expiry();
  hours_ahead_ = 0;
  await_expiry();
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.a"));
}

TEST_F(SessionStoreTest, ThoseOfADeletedInstanceGoDurably) {
  const auto device = core_->Open("device");
  ASSERT_TRUE(store_->Put("x.a", {"key", device->number(), ""}).ok());
  ASSERT_TRUE(store_->Put("x.b", {"key", {}, ""}).ok());
  ASSERT_TRUE(Flush().ok());
  ASSERT_TRUE(AwaitStatus([&](auto done) { store_->OnInstanceDeleted(device, std::move(done)); }).ok());
  Restart();
  EXPECT_THAT(store_->Keys("x."), ElementsAre("x.b"));
}

TEST(SessionKeyTest, TellsListsOfPartsApart) {
  EXPECT_NE(SessionKey("x", {"ab", "c"}), SessionKey("x", {"a", "bc"}));
  EXPECT_NE(SessionKey("x", {"ab"}), SessionKey("x", {"ab", ""}));
  EXPECT_EQ(SessionKey("x", {"ab"}), SessionKey("x", {"ab"}));
  EXPECT_EQ(SessionKey("vzaps", {"secret"}).size(), 6u + 32u);
}

}  // namespace
}  // namespace playhead::broker
