// What an upstream gap may contain, and that it is read as it was written.
#include "proto/upstream_gap.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"
#include "proto/errors.h"

namespace playhead {
namespace {

TEST(UpstreamGapTest, IsReadAsItWasWritten) {
  std::string all_ascii;
  for (char c = 0; c < 0x7f; ++c) all_ascii.push_back(c);
  for (const std::string& reason : {std::string(), std::string("phone \"off\"\n\\"), std::string("caf\xc3\xa9"),
                                    all_ascii, std::string(kUpstreamGapReasonBytesMax, '\x01')}) {
    const UpstreamGap gap = {.from = 1, .to = (int64_t{1} << 53) - 1, .reason = reason};
    ASSERT_TRUE(CheckUpstreamGap(gap).ok());
    const auto read = ParseUpstreamGap(EncodeUpstreamGap(gap));
    ASSERT_TRUE(read.ok()) << read.status() << EncodeUpstreamGap(gap);
    EXPECT_EQ(read->from, gap.from);
    EXPECT_EQ(read->to, gap.to);
    EXPECT_EQ(read->reason, gap.reason);
  }
  EXPECT_EQ(EncodeUpstreamGap({.from = 5, .to = 8, .reason = "x"}), R"({"from":5,"to":8,"reason":"x"})");
}

TEST(UpstreamGapTest, AnyOrderAndSpacingIsReadAndAReasonMayBeLeftOut) {
  const auto gap = ParseUpstreamGap(R"( { "to" : 9, "from" : 7 } )");
  ASSERT_TRUE(gap.ok()) << gap.status();
  EXPECT_EQ(gap->from, 7);
  EXPECT_EQ(gap->to, 9);
  EXPECT_EQ(gap->reason, "");
}

TEST(UpstreamGapTest, WhatBreaksARuleIsRefused) {
  for (const std::string& data : {
           std::string(""),
           std::string("null"),
           std::string("[1,2]"),
           std::string("{"),
           std::string("{}"),
           std::string(R"({"from":5})"),
           std::string(R"({"to":5})"),
           std::string(R"({"from":0,"to":5})"),
           std::string(R"({"from":-3,"to":5})"),
           std::string(R"({"from":6,"to":5})"),
           std::string(R"({"from":5,"to":9007199254740992})"),
           std::string(R"({"from":5.5,"to":6})"),
           std::string(R"({"from":"5","to":6})"),
           std::string(R"({"from":5,"to":6,"reason":7})"),
           std::string(R"({"from":5,"to":6,"from":5})"),
           std::string(R"({"from":5,"to":6,"until":7})"),
           std::string(R"({"from":5,"to":6} x)"),
           std::string("{\"from\":5,\"to\":6,\"reason\":\"\xff\"}"),
           R"({"from":5,"to":6,"reason":")" + std::string(kUpstreamGapReasonBytesMax + 1, 'x') + "\"}",
           R"({"from":5,"to":6)" + std::string(20'000, ' ') + "}",
       }) {
    EXPECT_TRUE(HasReason(ParseUpstreamGap(data).status(), Reason::kEventInvalid)) << data;
  }
  // Of an event without data, which is nowhere in memory.
  EXPECT_TRUE(HasReason(ParseUpstreamGap(absl::string_view()).status(), Reason::kEventInvalid));
}

}  // namespace
}  // namespace playhead
