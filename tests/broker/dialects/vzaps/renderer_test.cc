#include "broker/dialects/vzaps/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace playhead::broker::vzaps {
namespace {

namespace json = boost::json;
using model::Rendering;
using ::testing::IsEmpty;

EventView Published(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  EventView event;
  event.type = type;
  event.data = data;
  if (!dialect.empty()) event.attributes = {{"dialect", dialect}};
  return event;
}

std::vector<Rendering> Rendered(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  auto renderings = Render(Published(dialect, type, data));
  EXPECT_TRUE(renderings.ok()) << renderings.status();
  return renderings.ok() ? *std::move(renderings) : std::vector<Rendering>();
}

// "name payload" of each, in lines.
std::string Lines(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  std::vector<std::string> lines;
  for (const Rendering& rendering : Rendered(dialect, type, data)) {
    lines.push_back(absl::StrCat(rendering.name, " ", rendering.payload));
  }
  return absl::StrJoin(lines, "\n");
}

constexpr char kText[] =
    R"({"contact":{"profile":{"name":"Ana"},"wa_id":"1555"},"message":{"from":"1555","id":"wamid.1","timestamp":"1790000002","type":"text","text":{"body":"hi"}}})";

TEST(VZapsRendererTest, AMessageOfAWebhookIsAView) {
  EXPECT_EQ(
      Lines("whatsapp", "message.received", kText),
      R"(Message {"type":"Message","event":{"message_id":"wamid.1","chat":"1555","sender":"1555","sender_name":"Ana","from_me":false,"timestamp":1790000002,"type":"text","text":"hi"}})");
}

TEST(VZapsRendererTest, MediaHaveTheirUrlWhereTheSdksLook) {
  EXPECT_EQ(
      Lines(
          "whatsapp", "message.received",
          R"({"message":{"from":"1555","id":"w","timestamp":"1","type":"image","image":{"id":"9","mime_type":"image/png","url":"https://m/9"}}})"),
      R"(Message {"type":"Message","event":{"message_id":"w","chat":"1555","sender":"1555","sender_name":"","from_me":false,"timestamp":1,"type":"image","text":"","media":{"id":"9","url":"https://m/9","mime":"image/png"}},"media_url":"https://m/9"})");
}

TEST(VZapsRendererTest, ReceiptsAndPresencesHaveAState) {
  EXPECT_EQ(
      Lines("whatsapp", "status.delivered",
            R"({"status":{"id":"w","status":"delivered","timestamp":"1","recipient_id":"1555"}})"),
      R"(ReadReceipt {"type":"ReadReceipt","event":{"message_id":"w","chat":"1555","from_me":true,"timestamp":1},"state":"Delivered"})");
  EXPECT_EQ(
      Lines("baileys", "presence.update",
            R"({"id":"1555@s.whatsapp.net","presences":{"1555@s.whatsapp.net":{"lastKnownPresence":"unavailable"}}})"),
      R"(Presence {"type":"Presence","event":{"chat":"1555","user":"1555","state":"unavailable"},"state":"offline"})");
}

TEST(VZapsRendererTest, WhatHasNoFormHereIsNotShown) {
  EXPECT_THAT(Rendered("whatsapp", "status.sent", R"({"status":{"id":"w","status":"sent"}})"), IsEmpty());
  EXPECT_THAT(Rendered("whatsapp", "x.whatsapp.flows", "{}"), IsEmpty());
  EXPECT_THAT(Rendered("whatsapp", "account.error", R"({"error":{}})"), IsEmpty());
  EXPECT_THAT(Rendered("baileys", "auth.qr", R"({"qr":"2@"})"), IsEmpty());
  EXPECT_THAT(Rendered("", "order.created", R"({"a":1})"), IsEmpty());
  EXPECT_THAT(Rendered("multiwa", "custom", R"({"a":1})"), IsEmpty());
}

TEST(VZapsRendererTest, ItsOwnEventsArePassedOnByteForByte) {
  for (const char* data :
       {R"({"type":"Message", "event" : {"n":1.10e2,"s":"\u00e9\ud83d"},"n":12345678901234567890123})", "{}",
        " {\"a\":\n1} "}) {
    EXPECT_EQ(Lines("vzaps", "Message", data), absl::StrCat("Message ", data));
    EXPECT_EQ(Lines("vzaps", "SomethingNew", data), absl::StrCat("SomethingNew ", data));
  }
}

TEST(VZapsRendererTest, DataAreAlwaysAnObject) {
  EXPECT_EQ(Lines("vzaps", "Message", "[1, 2]"), R"(Message {"value":[1, 2]})");
  EXPECT_EQ(Lines("vzaps", "Message", "null"), R"(Message {"value":null})");
  EXPECT_EQ(Lines("", "history.sync", "[{}]"), R"(HistorySync {"type":"HistorySync","event":{"value":[{}]}})");
}

TEST(VZapsRendererTest, DamagedEventsAndReservedNamesAreRefused) {
  EXPECT_FALSE(Render(Published("vzaps", "Message", "{")).ok());
  EXPECT_FALSE(Render(Published("vzaps", "Message", "\"\xff\"")).ok());
  EXPECT_FALSE(Render(Published("vzaps", "All", "{}")).ok());
  EXPECT_FALSE(Render(Published("vzaps", "all", "{}")).ok());
  EXPECT_FALSE(Render(Published("whatsapp", "message.received", "[]")).ok());
}

TEST(VZapsRendererTest, NeutralValuesAreTold) {
  EXPECT_FALSE(Rendered("whatsapp", "message.received", kText)[0].has_neutral_value);
  EXPECT_TRUE(Rendered("whatsapp", "message.received", R"({"message":{"id":"w"}})")[0].has_neutral_value);
}

TEST(VZapsRendererTest, ManyMessagesAreManyFramesWithStepsOfTheirOwn) {
  const auto renderings = Rendered("baileys", "messages.upsert",
                                   R"({"messages":[{"key":{"id":"A"}},{"key":{"id":"B"}},{"key":{"id":"C"}}]})");
  ASSERT_EQ(renderings.size(), 3);
  EXPECT_EQ(renderings[0].step, 2);
  EXPECT_EQ(renderings[1].step, 4);
  EXPECT_EQ(renderings[2].step, 6);
}

TEST(VZapsRendererTest, FiltersMatchInAnyCase) {
  const auto filter = MakeFilter({"message", "ReadReceipt", "my.Own"});
  EXPECT_TRUE(filter.Matches("Message"));
  EXPECT_TRUE(filter.Matches("readreceipt"));
  EXPECT_TRUE(filter.Matches("my.own"));
  EXPECT_FALSE(filter.Matches("Presence"));
  for (const std::vector<std::string>& all :
       std::vector<std::vector<std::string>>{{}, {""}, {"all"}, {"Message", "All"}}) {
    EXPECT_TRUE(MakeFilter(all).Matches("Presence"));
  }
  EXPECT_EQ(MakeFilter({"B", "a", "A"}).Normalized(), MakeFilter({"A", "b"}).Normalized());
}

TEST(VZapsRendererTest, NothingIsParsedThatNobodyWants) {
  const auto wants = [](absl::string_view dialect, absl::string_view type, const char* name) {
    return kRendering.may_show(Published(dialect, type, ""), MakeFilter({name}));
  };
  EXPECT_TRUE(wants("baileys", "messages.upsert", "message"));
  EXPECT_FALSE(wants("baileys", "messages.upsert", "Connected"));
  EXPECT_TRUE(wants("vzaps", "Custom", "custom"));
  EXPECT_FALSE(wants("", "order.created", "All"));
  EXPECT_TRUE(wants("whatsapp", "status.read", "ReadReceipt"));
  EXPECT_FALSE(wants("whatsapp", "status.sent", "All"));
}

TEST(VZapsRendererTest, AFrameIsOneObjectThatEverySdkTakes) {
  const model::Frame frame{{.name = "Message", .payload = "{\"a\":1}"},
                           {storage::InstanceNumber(3), storage::Cursor(7), 2},
                           1'790'000'002'123'456,
                           5};
  EXPECT_EQ(
      WriteFrame(frame, "phone\"1"),
      absl::StrCat(
          R"({"id":")", frame.position.ToString(),
          R"(","type":"Message","instance_id":"phone\"1","created_at":"2026-09-21T14:13:22.123Z","data":{"a":1}})"));
}

TEST(VZapsRendererTest, AFrameWithoutATimeOfItsPublisherHasTheBrokers) {
  const model::Frame frame{{.name = "M", .payload = "{}"}, {}, -5, 1'000'000};
  EXPECT_EQ(json::parse(WriteFrame(frame, "i")).at("created_at").as_string(), "1970-01-01T00:00:01.000Z");
}

TEST(VZapsRendererTest, AFrameStaysBelowAMebibyte) {
  const auto frame_of = [](size_t bytes) {
    return model::Frame{{.name = "Message", .payload = absl::StrCat("{\"a\":\"", std::string(bytes, 'x'), "\"}")}};
  };
  const size_t around = WriteFrame(frame_of(0), "i").size();
  const std::string largest = WriteFrame(frame_of(kFrameBytesMax - around), "i");
  EXPECT_EQ(largest.size(), kFrameBytesMax);
  const json::value stub = json::parse(WriteFrame(frame_of(kFrameBytesMax - around + 1), "i"));
  EXPECT_EQ(stub.at("data").at("truncated").as_bool(), true);
  EXPECT_EQ(stub.at("data").at("bytes").as_int64(), static_cast<int64_t>(kFrameBytesMax) + 1);
  EXPECT_EQ(stub.at("data").at("type").as_string(), "Message");
}

}  // namespace
}  // namespace playhead::broker::vzaps
