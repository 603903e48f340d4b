#include "broker/dialects/multiwa/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace playhead::broker::multiwa {
namespace {

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

std::string Message(absl::string_view content) {
  return absl::StrCat(R"({"message":{"from":"628123456789","id":"w","timestamp":"1790000002",)", content, "}}");
}

TEST(MultiWaRendererTest, AMessageOfAWebhookIsAsDocumented) {
  EXPECT_EQ(
      Lines("whatsapp", "message.received", Message(R"("type":"text","text":{"body":"Hello!"})")),
      R"(message.received {"id":"w","from":"628123456789@c.us","body":"Hello!","type":"chat","timestamp":"2026-09-21T14:13:22.000Z","hasMedia":false})");
}

TEST(MultiWaRendererTest, TypesHaveTheirNamesHere) {
  EXPECT_EQ(
      Lines("whatsapp", "message.received", Message(R"("type":"audio","audio":{"id":"9","voice":true})")),
      R"(message.received {"id":"w","from":"628123456789@c.us","body":"","type":"ptt","timestamp":"2026-09-21T14:13:22.000Z","hasMedia":true})");
  EXPECT_EQ(
      Lines("whatsapp", "message.received", Message(R"("type":"image","image":{"id":"9","caption":"see"})")),
      R"(message.received {"id":"w","from":"628123456789@c.us","body":"see","type":"image","timestamp":"2026-09-21T14:13:22.000Z","hasMedia":true})");
  EXPECT_EQ(
      Lines("whatsapp", "message.received", Message(R"("type":"contacts","contacts":[{}])")),
      R"(message.received {"id":"w","from":"628123456789@c.us","body":"","type":"vcard","timestamp":"2026-09-21T14:13:22.000Z","hasMedia":false})");
  EXPECT_EQ(
      Lines("whatsapp", "message.reaction", Message(R"("type":"reaction","reaction":{"message_id":"v","emoji":"+"})")),
      R"(message.received {"id":"w","from":"628123456789@c.us","body":"+","type":"reaction","timestamp":"2026-09-21T14:13:22.000Z","hasMedia":false})");
}

TEST(MultiWaRendererTest, AGroupsMessageIsFromTheGroup) {
  EXPECT_EQ(
      Lines(
          "baileys", "messages.upsert",
          R"({"messages":[{"key":{"remoteJid":"1203@g.us","participant":"1555@s.whatsapp.net","id":"A"},"messageTimestamp":1,"message":{"conversation":"x"}}]})"),
      R"(message.received {"id":"A","from":"1203@g.us","body":"x","type":"chat","timestamp":"1970-01-01T00:00:01.000Z","hasMedia":false,"author":"1555@c.us"})");
}

TEST(MultiWaRendererTest, StatusesAreAcknowledgements) {
  const std::pair<const char*, const char*> acks[] = {{"sent", R"("sent","ack":1)"},
                                                      {"delivered", R"("delivered","ack":2)"},
                                                      {"read", R"("read","ack":3)"},
                                                      {"played", R"("read","ack":3)"},
                                                      {"failed", R"("unknown","ack":0)"}};
  for (const auto& [status, ack] : acks) {
    EXPECT_EQ(Lines("whatsapp", absl::StrCat("status.", status), R"({"status":{"id":"w","recipient_id":"1"}})"),
              absl::StrCat(R"(message.ack {"messageId":"w","status":)", ack, "}"));
  }
}

TEST(MultiWaRendererTest, SessionsHaveAStatus) {
  EXPECT_EQ(Lines("baileys", "connection.update", R"({"connection":"open"})"),
            R"(session.status {"status":"connected","phone":""})");
  EXPECT_EQ(Lines("", "session.disconnected", R"({"phone":"1555","reason":"gone"})"),
            R"(session.status {"status":"disconnected","phone":"1555","reason":"gone"})");
  EXPECT_EQ(Lines("", "session.qr", R"({"qr":"2@"})"), R"(qr.updated {"qr":"2@"})");
}

TEST(MultiWaRendererTest, WhatHasNoFormHereIsNotShown) {
  EXPECT_THAT(Rendered("whatsapp", "message.sent", Message(R"("type":"text")")), IsEmpty());
  EXPECT_THAT(Rendered("vzaps", "Presence", R"({"event":{"From":"1@s.whatsapp.net"}})"), IsEmpty());
  EXPECT_THAT(Rendered("vzaps", "message.received", "{}"), IsEmpty());
}

TEST(MultiWaRendererTest, ItsOwnEventsArePassedOnByteForByte) {
  for (const char* data : {R"({"body" : "\u00e9\ud83d", "n":1.10e2})", "[1, 2]", "12345678901234567890123", " null "}) {
    EXPECT_EQ(Lines("multiwa", "message.received", data), absl::StrCat("message.received ", data));
    EXPECT_EQ(Lines("multiwa", "message.sent", data), absl::StrCat("message.sent ", data));
  }
}

TEST(MultiWaRendererTest, DamagedEventsAreRefused) {
  EXPECT_FALSE(Render(Published("multiwa", "message.received", "{")).ok());
  EXPECT_FALSE(Render(Published("multiwa", "*", "{}")).ok());
  EXPECT_FALSE(Render(Published("whatsapp", "message.received", "")).ok());
}

TEST(MultiWaRendererTest, FiltersMatchExactlyAndAStarMatchesAll) {
  EXPECT_TRUE(MakeFilter({"message.ack"}).Matches("message.ack"));
  EXPECT_FALSE(MakeFilter({"message.ack"}).Matches("Message.ack"));
  EXPECT_TRUE(MakeFilter({"qr.updated", "*"}).Matches("anything"));
  EXPECT_FALSE(MakeFilter({"nothing.known"}).Matches("message.ack"));
}

TEST(MultiWaRendererTest, AFrameIsAsDocumentedAndSaysWhereItIs) {
  const model::Frame frame{{.name = "message.received", .payload = "{\"a\":1}"},
                           {storage::InstanceNumber(3), storage::Cursor(7), 0},
                           1'770'285'600'000'000,
                           5};
  const std::string position = frame.position.ToString();
  EXPECT_EQ(
      WriteFrame(frame, "profile-123"),
      absl::StrCat(
          R"({"type":"event","payload":{"event":"message.received","profileId":"profile-123","data":{"a":1},"timestamp":"2026-02-05T10:00:00.000Z","id":")",
          position, R"(","cursor":")", position, R"("}})"));
}

}  // namespace
}  // namespace playhead::broker::multiwa
