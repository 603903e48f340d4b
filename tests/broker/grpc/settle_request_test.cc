#include "broker/grpc/settle_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using storage::InstanceNumber;
using ::testing::ElementsAre;

constexpr InstanceNumber kOwn(7);
constexpr InstanceNumber kOther(8);

std::optional<InstanceNumber> Find(const std::string& name) {
  if (name.empty()) return kOwn;
  if (name == "other") return kOther;
  return std::nullopt;
}

TEST(SettleRequestTest, EveryEventIsAnItemOfItsOwnAndUpToIsOne) {
  v1::ConsumeRequest::Settle request;
  v1::Settlement& set = *request.add_settlements();
  set.add_cursors(3);
  set.add_cursors(5);
  set.set_up_to_cursor(9);
  set.mutable_ack();
  v1::Settlement& nack = *request.add_settlements();
  nack.set_instance("other");
  nack.add_cursors(4);
  nack.mutable_nack()->set_delay_ms(1500);
  nack.mutable_nack()->set_reason("later");
  ASSERT_TRUE(CheckSettle(request).ok());
  SettleRequest settle(request, Find);
  const std::vector<Settlement> items = settle.TakeItems();
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0].first, Cursor(3));
  EXPECT_EQ(items[0].last, Cursor(3));
  EXPECT_EQ(items[1].last, Cursor(5));
  EXPECT_EQ(items[2].first, Cursor()) << "everything up to it";
  EXPECT_EQ(items[2].last, Cursor(9));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(items[i].instance, kOwn);
    EXPECT_EQ(items[i].action, Settlement::Action::kAck);
  }
  EXPECT_EQ(items[3].instance, kOther);
  EXPECT_EQ(items[3].action, Settlement::Action::kNack);
  EXPECT_EQ(items[3].delay, absl::Milliseconds(1500));
  EXPECT_EQ(items[3].reason, "later");
  EXPECT_EQ(settle.TakeRefused({}).items_size(), 0);
}

TEST(SettleRequestTest, WhatIsRefusedIsNamedByItsSettlementAndItsEvents) {
  v1::ConsumeRequest::Settle request;
  request.add_settlements()->add_cursors(1);  // No action.
  request.add_settlements()->mutable_ack();   // No event.
  v1::Settlement& unknown = *request.add_settlements();
  unknown.set_instance("nobody");
  unknown.add_cursors(1);
  unknown.mutable_ack();
  v1::Settlement& held = *request.add_settlements();
  for (const uint64_t cursor : {10, 11, 12}) held.add_cursors(cursor);
  held.set_up_to_cursor(20);
  held.mutable_ack();
  SettleRequest settle(request, Find);
  ASSERT_EQ(settle.TakeItems().size(), 4u);
  const absl::Status not_held = MakeError(Reason::kNotHeld, "not held");
  const auto refused = settle.TakeRefused(std::vector<RefusedSettlement>{{0, not_held}, {2, not_held}, {3, not_held}});
  ASSERT_EQ(refused.items_size(), 5);
  for (const int i : {0, 1}) {
    EXPECT_EQ(refused.items(i).index(), static_cast<uint32_t>(i));
    EXPECT_EQ(refused.items(i).error().code(), "SETTLEMENT_INVALID");
    EXPECT_TRUE(refused.items(i).cursors().empty());
  }
  EXPECT_EQ(refused.items(2).index(), 2u);
  EXPECT_EQ(refused.items(2).error().code(), "NOT_HELD");
  EXPECT_EQ(refused.items(3).index(), 3u);
  EXPECT_THAT(refused.items(3).cursors(), ElementsAre(10, 12)) << "two events, one reason";
  EXPECT_EQ(refused.items(4).index(), 3u);
  EXPECT_TRUE(refused.items(4).cursors().empty()) << "everything up to 20";
}

TEST(SettleRequestTest, ARequestHasItsBounds) {
  v1::ConsumeRequest::Settle request;
  EXPECT_TRUE(HasReason(CheckSettle(request), Reason::kSettlementInvalid)) << "nothing to settle";
  for (int i = 0; i < kSettlementsMax; ++i) request.add_settlements();
  EXPECT_TRUE(CheckSettle(request).ok());
  for (int i = 0; i < kSettleCursorsMax; ++i) request.mutable_settlements(i % kSettlementsMax)->add_cursors(1);
  EXPECT_TRUE(CheckSettle(request).ok());
  request.mutable_settlements(5)->add_cursors(1);
  EXPECT_TRUE(HasReason(CheckSettle(request), Reason::kSettlementInvalid)) << "one cursor too many";
  request.mutable_settlements(5)->clear_cursors();
  request.add_settlements();
  EXPECT_TRUE(HasReason(CheckSettle(request), Reason::kSettlementInvalid)) << "one settlement too many";
}

}  // namespace
}  // namespace playhead::broker
