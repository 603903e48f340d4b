#include "broker/dialects/socketio/left_behind.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace playhead::broker::socketio {
namespace {

using std::chrono::minutes;

const LeftBehind::Owner kOwner{"key", storage::InstanceNumber(1), "/"};

TEST(LeftBehindTest, TheOldestGoesFirstAndOnce) {
  LeftBehind left(absl::Minutes(10), [](const std::string&) {});
  const SteadyTime start;
  left.Add(kOwner, "second", start + minutes(2));
  left.Add(kOwner, "first", start + minutes(1));
  left.Add(kOwner, "third", start + minutes(2));
  EXPECT_EQ(left.Take(kOwner, start + minutes(3)), "first");
  EXPECT_EQ(left.Take(kOwner, start + minutes(3)), "second");
  EXPECT_EQ(left.Take(kOwner, start + minutes(3)), "third");
  EXPECT_EQ(left.Take(kOwner, start + minutes(3)), std::nullopt);
}

TEST(LeftBehindTest, WhatIsNotTheOwnersIsNotGiven) {
  LeftBehind left(absl::Minutes(10), [](const std::string&) {});
  const SteadyTime start;
  left.Add(kOwner, "mine", start);
  EXPECT_EQ(left.Take({"other", kOwner.instance, "/"}, start), std::nullopt);
  EXPECT_EQ(left.Take({"key", storage::InstanceNumber(2), "/"}, start), std::nullopt);
  EXPECT_EQ(left.Take({"key", kOwner.instance, "/api/events"}, start), std::nullopt);
  EXPECT_EQ(left.Take(kOwner, start), "mine");
}

TEST(LeftBehindTest, AWindowThatHasPassedIsOver) {
  std::vector<std::string> expired;
  LeftBehind left(absl::Minutes(10), [&expired](const std::string& key) { expired.push_back(key); });
  const SteadyTime start;
  left.Add(kOwner, "old", start);
  left.Add(kOwner, "young", start + minutes(5));
  EXPECT_EQ(left.Take(kOwner, start + minutes(11)), "young");
  left.Add(kOwner, "lonely", start + minutes(11));
  left.Expire(start + minutes(21));
  EXPECT_EQ(expired, (std::vector<std::string>{"old"}));
  left.Expire(start + minutes(22));
  EXPECT_EQ(expired, (std::vector<std::string>{"old", "lonely"}));
  EXPECT_EQ(left.Take(kOwner, start + minutes(22)), std::nullopt);
}

TEST(LeftBehindTest, TheOwnersPresentClientsAreAskedWhetherTheyAreSilent) {
  class Client final : public PresentClient {
   public:
    void EndIfSilent() override { ++asked; }
    int asked = 0;
  };
  LeftBehind left(absl::Minutes(10), [](const std::string&) {});
  const auto mine = std::make_shared<Client>();
  const auto other = std::make_shared<Client>();
  left.AddPresent(kOwner, mine);
  left.AddPresent(kOwner, std::make_shared<Client>());  // It has gone.
  left.AddPresent({"other", kOwner.instance, "/"}, other);
  left.EndSilent(kOwner);
  left.EndSilent({"nobody", kOwner.instance, "/"});
  EXPECT_EQ(mine->asked, 1);
  EXPECT_EQ(other->asked, 0);
}

}  // namespace
}  // namespace playhead::broker::socketio
