#include "broker/dialects/multiwa/gateway_renderer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/model/name_filter.h"

namespace playhead::broker::multiwa {
namespace {

using model::Rendering;

EventView Published(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  EventView event;
  event.type = type;
  event.data = data;
  if (!dialect.empty()) event.attributes = {{"dialect", dialect}};
  return event;
}

// "name payload" of each, in lines.
std::string Lines(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  const auto renderings = RenderForGateway(Published(dialect, type, data));
  if (!renderings.ok()) return renderings.status().ToString();
  std::vector<std::string> lines;
  for (const Rendering& rendering : *renderings) {
    lines.push_back(absl::StrCat(rendering.name, " ", rendering.payload));
  }
  return absl::StrJoin(lines, "\n");
}

// `content` and a contact that is called Kerry.
std::string Message(absl::string_view content) {
  return absl::StrCat(R"({"contact":{"profile":{"name":"Kerry"},"wa_id":"628"},)",
                      R"("message":{"from":"628","id":"w","timestamp":"1790000002",)", content, "}}");
}

std::string ExpectedMessage(absl::string_view type, absl::string_view content) {
  return absl::StrCat(
      R"(message {"type":"message:received","message":{"messageId":"w","direction":"incoming","senderJid":"628@s.whatsapp.net",)",
      R"("type":")", type, R"(","content":)", content,
      R"(,"status":"received","timestamp":"2026-09-21T14:13:22.000Z"},)",
      R"("conversation":{"jid":"628@s.whatsapp.net","type":"user","name":"Kerry"}})");
}

TEST(MultiWaGatewayRendererTest, AMessageIsTheOriginalsRows) {
  const struct {
    const char* content;
    const char* type;
    const char* expected;
  } cases[] = {
      {R"("type":"text","text":{"body":"Hello!"})", "text", R"({"text":"Hello!"})"},
      {R"("type":"image","image":{"id":"9","caption":"see","mime_type":"image/jpeg"})", "image",
       R"({"hasMedia":true,"caption":"see","mimetype":"image/jpeg"})"},
      {R"("type":"audio","audio":{"id":"9","voice":true})", "ptt", R"({"hasMedia":true})"},
      {R"("type":"document","document":{"id":"9","filename":"a.pdf"})", "document",
       R"({"hasMedia":true,"filename":"a.pdf"})"},
      {R"("type":"location","location":{"latitude":1.5,"longitude":2.5,"name":"n","address":"a"})", "location",
       R"({"latitude":1.5E0,"longitude":2.5E0,"name":"n","description":"a"})"},
      {R"("type":"reaction","reaction":{"message_id":"m","emoji":"x"})", "reaction", R"({"text":"x"})"},
  };
  for (const auto& [content, type, expected] : cases) {
    EXPECT_EQ(Lines("whatsapp", "message.received", Message(content)), ExpectedMessage(type, expected)) << content;
  }
}

TEST(MultiWaGatewayRendererTest, WhatIsPublishedInTheDocumentsWordsIsShownInTheGateways) {
  const struct {
    const char* type;
    const char* data;
    const char* expected;
  } cases[] = {
      {"message.ack", R"({"messageId":"m","status":"delivered","ack":2})",
       R"(message:ack {"messageId":"m","status":"delivered"})"},
      {"session.status", R"({"status":"connected","phone":"628"})",
       R"(connection:status {"status":"connected","phoneNumber":"628","phone":"628"})"},
      {"session.status", R"({"status":"disconnected"})", R"(connection:status {"status":"disconnected"})"},
      {"qr.updated", R"({"qr":"2@x"})", R"(qr:update {"qrCode":"2@x"})"},
      {"a name of its own", R"({})", ""},
  };
  for (const auto& [type, data, expected] : cases) EXPECT_EQ(Lines("multiwa", type, data), expected) << type;
}

TEST(MultiWaGatewayRendererTest, StatusesHaveTheirNames) {
  for (const char* const name : {"sent", "delivered", "read", "played"}) {
    EXPECT_EQ(Lines("", absl::StrCat("status.", name), R"({"message_id":"m","chat":"1"})"),
              absl::StrCat(R"(message:ack {"messageId":"m","status":")", name, R"("})"));
  }
}

TEST(MultiWaGatewayRendererTest, WhatItDoesNotShowIsNotLookedAt) {
  const auto all = model::NameFilter::All();
  EXPECT_TRUE(kGatewayRendering.may_show(Published("whatsapp", "message.received", "{}"), all));
  EXPECT_FALSE(kGatewayRendering.may_show(Published("multiwa", "a name of its own", "{}"), all));
  EXPECT_FALSE(kGatewayRendering.may_show(Published("", "presence.chat", "{}"), all));
}

TEST(MultiWaGatewayRendererTest, ADamagedEventIsAnError) {
  EXPECT_FALSE(RenderForGateway(Published("multiwa", "message.ack", "{")).ok());
}

TEST(MultiWaGatewayRendererTest, TheArgumentSaysWhoseItIsAndWhere) {
  model::Frame frame;
  frame.rendering.payload = R"({"qrCode":"2@x"})";
  const std::string position = frame.position.ToString();
  EXPECT_EQ(WriteGatewayArgument(frame, "p\"1"),
            absl::StrCat(R"({"profileId":"p\"1","qrCode":"2@x","cursor":")", position, R"("})"));
}

}  // namespace
}  // namespace playhead::broker::multiwa
