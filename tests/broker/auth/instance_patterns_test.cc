#include "broker/auth/instance_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"

namespace playhead::broker {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> RangesOf(const std::vector<absl::string_view>& patterns) {
  std::vector<std::string> texts;
  const InstancePatterns made = *InstancePatterns::Make(patterns);
  for (const InstancePatterns::Range& range : made.ranges()) {
    texts.push_back(range.text + (range.is_prefix ? "*" : ""));
  }
  return texts;
}

TEST(InstancePatternsTest, CoverExactNamesAndPrefixesAndNothingElse) {
  const InstancePatterns patterns = *InstancePatterns::Make({"one", "bot-*"});
  for (const char* name : {"one", "bot-", "bot-1", "bot-a.b"}) EXPECT_TRUE(patterns.Cover(name)) << name;
  for (const char* name : {"", "on", "one1", "One", "bot", "Bot-1", "xbot-1", "*"}) {
    EXPECT_FALSE(patterns.Cover(name)) << name;
  }
  EXPECT_FALSE(patterns.CoverEverything());
  EXPECT_FALSE(InstancePatterns().Cover("one"));
}

TEST(InstancePatternsTest, AStarCoversEverything) {
  EXPECT_TRUE(InstancePatterns::Make({"x", "*"})->CoverEverything());
  EXPECT_TRUE(InstancePatterns::Make({"x", "*"})->Cover("anything"));
}

TEST(InstancePatternsTest, APrefixIsCoveredByItselfOrAShorterOneOnly) {
  const InstancePatterns patterns = *InstancePatterns::Make({"one", "bot-*"});
  for (const char* prefix : {"bot-", "bot-1"}) EXPECT_TRUE(patterns.CoverPrefix(prefix)) << prefix;
  for (const char* prefix : {"", "one", "bot", "b", "cot-"}) EXPECT_FALSE(patterns.CoverPrefix(prefix)) << prefix;
  EXPECT_TRUE(InstancePatterns::Everything().CoverPrefix(""));
}

TEST(InstancePatternsTest, RangesAreInOrderAndDoNotOverlap) {
  EXPECT_THAT(RangesOf({"c", "b*", "bc*", "b", "ba", "a", "a"}), ElementsAre("a", "b*", "c"));
  EXPECT_THAT(RangesOf({"abc*", "ab", "abd", "ab-*"}), ElementsAre("ab", "ab-*", "abc*", "abd"));
  EXPECT_THAT(RangesOf({"x", "*", "y*"}), ElementsAre("*"));
}

TEST(InstancePatternsTest, WhatNoInstanceCanBeCalledIsRefused) {
  for (const std::string& pattern : {std::string(), std::string("a b"), std::string("a*b"), std::string("**"),
                                     std::string("a/b"), std::string(201, 'a'), std::string(201, 'a') + "*"}) {
    EXPECT_TRUE(HasReason(InstancePatterns::Make({pattern}).status(), Reason::kKeyInvalid)) << pattern;
  }
  EXPECT_TRUE(HasReason(InstancePatterns::Make({}).status(), Reason::kKeyInvalid));
  EXPECT_TRUE(InstancePatterns::Make(std::vector<absl::string_view>(64, "a")).ok());
  EXPECT_FALSE(InstancePatterns::Make(std::vector<absl::string_view>(65, "a")).ok());
}

}  // namespace
}  // namespace playhead::broker
