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

TEST(LeftBehindTest, TakingLooksAtTheOwnersOwnOnly) {
  std::vector<std::string> expired;
  LeftBehind left(absl::Minutes(10), [&expired](const std::string& key) { expired.push_back(key); });
  const SteadyTime start;
  left.Add({"other", kOwner.instance, "/"}, "other's", start);
  left.Add(kOwner, "mine", start);
  EXPECT_EQ(left.Take(kOwner, start + minutes(11)), std::nullopt);
  EXPECT_EQ(expired, (std::vector<std::string>{"mine"}));
  left.Expire(start + minutes(11));
  EXPECT_EQ(expired, (std::vector<std::string>{"mine", "other's"}));
}

TEST(LeftBehindTest, TheOldestBeyondTheLimitGoes) {
  std::vector<std::string> expired;
  LeftBehind left(absl::Minutes(10), [&expired](const std::string& key) { expired.push_back(key); });
  const SteadyTime start;
  for (size_t i = 0; i < kLeftBehindMax + 2; ++i) left.Add(kOwner, std::to_string(i), start);
  left.Add({"other", kOwner.instance, "/"}, "other's", start);
  EXPECT_EQ(expired, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(left.Take(kOwner, start), "2");
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
  const SteadyTime start;
  left.EndSilent(kOwner, start);
  left.EndSilent({"nobody", kOwner.instance, "/"}, start);
  EXPECT_EQ(mine->asked, 1);
  EXPECT_EQ(other->asked, 0);
  left.EndSilent(kOwner, start + absl::ToChronoNanoseconds(kSilenceCheckInterval / 2));
  EXPECT_EQ(mine->asked, 1) << "not for each that waits";
  left.EndSilent(kOwner, start + absl::ToChronoNanoseconds(kSilenceCheckInterval));
  EXPECT_EQ(mine->asked, 2);
}

}  // namespace
}  // namespace playhead::broker::socketio
