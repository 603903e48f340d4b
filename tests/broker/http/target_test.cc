#include "broker/http/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

using ::testing::ElementsAre;

TEST(TargetTest, TakesPathAndQueryApartAndDecodesThem) {
  const auto target = ParseTarget("/v1/a%2Fb%20c/events?after=5&types=message.*&types=status%2Bx&flag&a+b=c+d%26");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->path, "/v1/a/b c/events");
  EXPECT_THAT(target->segments, ElementsAre("v1", "a/b c", "events"));
  EXPECT_THAT(target->query,
              ElementsAre(Parameter{"after", "5"}, Parameter{"types", "message.*"}, Parameter{"types", "status+x"},
                          Parameter{"flag", ""}, Parameter{"a b", "c d&"}));
}

TEST(TargetTest, KeepsThePlusOfAPath) {
  EXPECT_EQ(ParseTarget("/+49301234?to=%2B49")->path, "/+49301234");
  EXPECT_EQ(ParseTarget("/x?to=%2B49")->query[0].value, "+49");
}

TEST(TargetTest, RootAndTrailingSlashHaveAnEmptySegment) {
  EXPECT_THAT(ParseTarget("/")->segments, ElementsAre(""));
  EXPECT_THAT(ParseTarget("/a")->segments, ElementsAre("a"));
  EXPECT_THAT(ParseTarget("/a/")->segments, ElementsAre("a", ""));
  EXPECT_THAT(ParseTarget("//a")->segments, ElementsAre("", "a"));
}

TEST(TargetTest, AbsoluteFormIsReadAsItsPath) {
  const auto target = ParseTarget("http://proxy.example:8080/webhook?hub.mode=subscribe");
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_EQ(target->path, "/webhook");
  EXPECT_THAT(target->segments, ElementsAre("webhook"));
  EXPECT_THAT(target->query, ElementsAre(Parameter{"hub.mode", "subscribe"}));
  EXPECT_EQ(ParseTarget("HTTP://host")->path, "/");
}

TEST(TargetTest, DotsAreSegmentsLikeOthers) {
  EXPECT_THAT(ParseTarget("/a/../b/./%2e%2e")->segments, ElementsAre("a", "..", "b", ".", ".."));
}

TEST(TargetTest, DecodesBytesThatNoTextHas) {
  EXPECT_EQ(ParseTarget("/%00%ff")->segments[0], std::string("\0\xff", 2));
}

TEST(TargetTest, RefusesWhatIsNoTarget) {
  for (const char* text : {"", "*", "a", "?a", "/%", "/%4", "/%zz", "/a b", "/\"", "/\xc3\xa4", "/a#b", "host:80",
                           "ftp://host/", "http:///a b", "/?%", "/?a=%f", "/?a= "}) {
    const auto target = ParseTarget(text);
    EXPECT_TRUE(HasReason(target.status(), Reason::kMalformedRequest)) << text;
  }
}

}  // namespace
}  // namespace playhead::broker::http
