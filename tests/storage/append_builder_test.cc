#include "storage/append_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

TEST(AppendBuilderTest, WhatItBuildsIsStoredAsSaid) {
  const std::vector<NewEvent> events = {
      {.type = "message.received", .data = "{\"a\":1}", .id = "wamid.1", .attributes = {{"dialect", "whatsapp"}}},
      {.type = "status.sent", .data = ""}};
  auto batch = BuildAppendBatch("a", events, {});
  ASSERT_TRUE(batch.ok()) << batch.status();
  LogHarness log;
  ASSERT_TRUE(log.Append(*std::move(batch)).ok());
  const auto stored = log.ReadAll("a");
  ASSERT_TRUE(stored.ok()) << stored.status();
  ASSERT_EQ(stored->size(), 2u);
  EXPECT_EQ((*stored)[0].type, "message.received");
  EXPECT_EQ((*stored)[0].id, "wamid.1");
  EXPECT_EQ((*stored)[0].data, "{\"a\":1}");
  EXPECT_EQ((*stored)[0].attributes[0].second, "whatsapp");
  EXPECT_EQ((*stored)[1].type, "status.sent");
}

TEST(AppendBuilderTest, RefusesWhatAPublisherMayNotAppendEither) {
  const std::string large(2000, 'x');
  const auto reason_of = [](const NewEvent& event, size_t event_bytes_max) {
    return BuildAppendBatch("a", {event}, {event_bytes_max}).status();
  };
  EXPECT_TRUE(HasReason(reason_of({.type = "", .data = "1"}, 1000), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(reason_of({.type = "t", .data = "1", .id = "\xff"}, 1000), Reason::kEventInvalid));
  EXPECT_TRUE(HasReason(reason_of({.type = "t", .data = large}, 1000), Reason::kEventTooLarge));
  const std::vector<NewEvent> many(kBatchEventsMax + 1, {.type = "t", .data = ""});
  EXPECT_TRUE(HasReason(BuildAppendBatch("a", many, {}).status(), Reason::kBatchTooLarge));
}

TEST(AppendBuilderTest, TypesOfTheBrokersOwnAreRefusedToOthers) {
  const std::vector<NewEvent> events = {{.type = "playhead.hidden.x", .data = "1"}};
  EXPECT_TRUE(HasReason(BuildAppendBatch("a", events, {}).status(), Reason::kEventInvalid));
  const std::vector<NewEvent> alike = {{.type = "playheadx", .data = "1"}};
  EXPECT_TRUE(BuildAppendBatch("a", alike, {}).ok());
  LogHarness log;
  ASSERT_TRUE(log.Append(*BuildAppendBatch("a", events, {.own_types = true})).ok());
  EXPECT_EQ(log.Get("a")->bounds->head, Cursor(1));
}

}  // namespace
}  // namespace playhead::storage
