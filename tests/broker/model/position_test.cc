#include "broker/model/position.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "storage/cursor.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::model {
namespace {

using storage::Cursor;
using storage::InstanceNumber;
using testing::AppendNumbered;
using testing::BrokerCore;

TEST(PositionTest, ReadsWhatItWritesAndDecimals) {
  const Position position{InstanceNumber(77), Cursor(3, 123456789), 5};
  EXPECT_EQ(ParsePosition(position.ToString()), position);
  EXPECT_EQ(ParsePosition("0"), (Position{InstanceNumber(), Cursor(), 0}));
  EXPECT_EQ(ParsePosition("42"), (Position{InstanceNumber(), Cursor(42), 0}));
  EXPECT_EQ(ParsePosition("9007199254740991"), (Position{InstanceNumber(), Cursor((uint64_t{1} << 53) - 1), 0}));
}

TEST(PositionTest, RefusesEverythingElse) {
  for (const char* text : {"", " ", "-1", "+1", " 1", "1 ", "1.0", "0x10", "evt_", "evt_123", "abc",
                           "18446744073709551616", "9007199254740992", "evt_ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}) {
    EXPECT_EQ(ParsePosition(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(PositionTest, AnEventsLastFrameIsBehindItsOthers) {
  const InstanceNumber instance(1);
  const Position first{instance, Cursor(5), 1};
  const Position second{instance, Cursor(5), 2};
  const Position all{instance, Cursor(5), 0};
  const Position next{instance, Cursor(6), 1};
  EXPECT_TRUE(IsBefore(first, second));
  EXPECT_TRUE(IsBefore(second, all));
  EXPECT_TRUE(IsBefore(all, next));
  EXPECT_FALSE(IsBefore(all, all));
  EXPECT_FALSE(IsBefore(all, first));
}

TEST(PositionTest, ResumesBehindWhatWasSeen) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "phone", 1, 10);
  const auto instance = broker.Open("phone");
  for (const InstanceNumber number : {instance->number(), InstanceNumber()}) {
    const Resume resume = ResumeAt(*instance, {number, Cursor(4), 0});
    EXPECT_FALSE(resume.replaced);
    EXPECT_EQ(resume.after, Cursor(4));
    EXPECT_EQ(resume.position, (Position{instance->number(), Cursor(4), 0}));
  }
  const Resume amid = ResumeAt(*instance, {instance->number(), Cursor(4), 2});
  EXPECT_FALSE(amid.replaced);
  EXPECT_EQ(amid.after, Cursor(3));
  EXPECT_EQ(amid.position, (Position{instance->number(), Cursor(4), 2}));
}

TEST(PositionTest, WhatIsNotOfTheLogBecomesTheFirstKeptEvent) {
  BrokerCore broker;
  AppendNumbered(broker.log(), "phone", 1, 10);
  broker.Trim("phone", Cursor(6));
  const auto instance = broker.Open("phone");
  const Position earliest{instance->number(), Cursor(5), 0};
  for (const Position& position : {
           Position{instance->number(), Cursor(3), 0},                              // Trimmed.
           Position{instance->number(), Cursor(5), 1},                              // Trimmed, and amid an event.
           Position{instance->number(), Cursor(11), 0},                             // Beyond the head.
           Position{instance->number(), Cursor(1, 7), 0},                           // Of an epoch that never was.
           Position{InstanceNumber(instance->number().value() + 1), Cursor(8), 0},  // Of another instance.
       }) {
    const Resume resume = ResumeAt(*instance, position);
    EXPECT_TRUE(resume.replaced) << position.ToString();
    EXPECT_EQ(resume.after, Cursor(5)) << position.ToString();
    EXPECT_EQ(resume.position, earliest) << position.ToString();
  }
  EXPECT_FALSE(ResumeAt(*instance, earliest).replaced);
}

}  // namespace
}  // namespace playhead::broker::model
