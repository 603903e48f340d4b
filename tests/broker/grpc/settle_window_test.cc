#include "broker/grpc/settle_window.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

constexpr size_t kRequestsMax = 4;
constexpr size_t kBytesMax = 100;

v1::ConsumeResponse::Refused Refusal(uint64_t cursor) {
  v1::ConsumeResponse::Refused refused;
  refused.add_items()->add_cursors(cursor);
  return refused;
}

// All answers that are due: "c7" confirms up to 7, "r7" refuses something of 7.
std::string Answers(SettleWindow& window) {
  std::string out;
  while (const auto answer = window.TakeAnswer()) {
    if (answer->has_confirmed()) absl::StrAppend(&out, "c", answer->confirmed().up_to_number(), " ");
    if (answer->has_refused()) absl::StrAppend(&out, "r", answer->refused().number(), " ");
  }
  return out;
}

class SettleWindowTest : public ::testing::Test {
 protected:
  void Finish(uint64_t number, v1::ConsumeResponse::Refused refused) {
    window_.SetRefused(number, std::move(refused));
    window_.SetDurable(number);
  }

  SettleWindow window_{kRequestsMax, kBytesMax};
};

TEST_F(SettleWindowTest, WhatIsDoneIsConfirmedTogetherAndInOrder) {
  for (const uint64_t number : {1, 2, 5, 9}) ASSERT_TRUE(window_.Add(number, 1).ok());
  EXPECT_EQ(Answers(window_), "");
  Finish(2, {});
  Finish(5, {});
  EXPECT_EQ(Answers(window_), "") << "1 is not done";
  Finish(1, {});
  EXPECT_EQ(Answers(window_), "c5 ");
  EXPECT_FALSE(window_.empty());
  Finish(9, {});
  EXPECT_EQ(Answers(window_), "c9 ");
  EXPECT_TRUE(window_.empty());
}

TEST_F(SettleWindowTest, ARefusalComesBeforeTheConfirmationThatReachesIt) {
  for (const uint64_t number : {1, 2, 3, 4}) ASSERT_TRUE(window_.Add(number, 1).ok());
  Finish(3, Refusal(30));
  Finish(4, {});
  Finish(2, Refusal(20));
  Finish(1, {});
  EXPECT_EQ(Answers(window_), "r2 r3 c4 ");
  EXPECT_TRUE(window_.empty());
}

TEST_F(SettleWindowTest, IsDoneWhenItIsBothJudgedAndDurable) {
  for (const uint64_t number : {1, 2}) ASSERT_TRUE(window_.Add(number, 1).ok());
  window_.SetDurable(1);
  window_.SetRefused(2, Refusal(20));
  EXPECT_EQ(Answers(window_), "");
  window_.SetRefused(1, {});
  EXPECT_EQ(Answers(window_), "c1 ");
  window_.SetDurable(2);
  EXPECT_EQ(Answers(window_), "r2 c2 ");
}

TEST_F(SettleWindowTest, NumbersOnlyIncrease) {
  EXPECT_TRUE(HasReason(window_.Add(0, 1), Reason::kSettlementInvalid));
  EXPECT_TRUE(window_.Add(7, 1).ok());
  EXPECT_TRUE(HasReason(window_.Add(7, 1), Reason::kSettlementInvalid));
  EXPECT_TRUE(HasReason(window_.Add(6, 1), Reason::kSettlementInvalid));
  Finish(7, {});
  EXPECT_EQ(Answers(window_), "c7 ");
  EXPECT_TRUE(HasReason(window_.Add(7, 1), Reason::kSettlementInvalid)) << "also once it is answered";
}

TEST_F(SettleWindowTest, IsFullOfRequestsOrOfBytesUntilTheyAreAnswered) {
  for (const uint64_t number : {1, 2, 3, 4}) {
    EXPECT_TRUE(window_.has_room());
    ASSERT_TRUE(window_.Add(number, 1).ok());
  }
  EXPECT_FALSE(window_.has_room());
  Finish(1, Refusal(10));
  EXPECT_FALSE(window_.has_room()) << "the refusal is not taken";
  EXPECT_EQ(Answers(window_), "r1 c1 ");
  EXPECT_TRUE(window_.has_room());
  ASSERT_TRUE(window_.Add(5, kBytesMax).ok());
  for (const uint64_t number : {2, 3, 4}) Finish(number, {});
  EXPECT_EQ(Answers(window_), "c4 ");
  EXPECT_FALSE(window_.has_room()) << "one request has all the bytes";
  Finish(5, {});
  EXPECT_EQ(Answers(window_), "c5 ");
  EXPECT_TRUE(window_.has_room());
}

}  // namespace
}  // namespace playhead::broker
