#include "broker/dialects/socketio/stored_session.h"

#include <gtest/gtest.h>

#include <string>

namespace playhead::broker::socketio {
namespace {

const model::Position kPosition{storage::InstanceNumber(7), storage::Cursor(1, 42), 3};

TEST(StoredSessionTest, WhatIsStoredIsReadBack) {
  const StoredSession recovers{
      .name_space = "/api/events", .names = {"call", "\"\\\xc3\xa9"}, .position = kPosition, .sid = "the sid"};
  EXPECT_EQ(DecodeSession(EncodeSession(recovers)), recovers);
  const StoredSession acknowledges{
      .name_space = "/", .names = {}, .position = kPosition, .acked_key = "socketioacked.abc"};
  EXPECT_EQ(DecodeSession(EncodeSession(acknowledges)), acknowledges);
}

TEST(StoredSessionTest, WhatIsNoneIsNotRead) {
  for (const char* value : {"", "{}", "[]", "nonsense", R"({"namespace":"/","names":[],"position":"evt_short"})"}) {
    EXPECT_EQ(DecodeSession(value), std::nullopt) << value;
  }
}

TEST(StoredSessionTest, TheFormStays) {
  const StoredSession recovers{.name_space = "/", .names = {"call"}, .position = kPosition, .sid = "s"};
  EXPECT_EQ(EncodeSession(recovers),
            R"({"namespace":"/","names":["call"],"position":")" + kPosition.ToString() + R"(","sid":"s"})");
  EXPECT_EQ(EncodeSession({.name_space = "/", .names = {"call"}, .position = kPosition, .acked_key = "k"}),
            R"({"namespace":"/","names":["call"],"position":")" + kPosition.ToString() + R"(","acked":"k"})");
}

}  // namespace
}  // namespace playhead::broker::socketio
