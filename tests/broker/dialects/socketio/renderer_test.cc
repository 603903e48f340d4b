#include "broker/dialects/socketio/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace playhead::broker::socketio {
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
  return absl::StrCat(
      R"({"contact":{"profile":{"name":"Ana"}},"message":{"from":"1555","id":"w","timestamp":"1790000002",)", content,
      "}}");
}

// The `message` of the one WAMessage that a webhook's message is shown as.
std::string ContentOf(absl::string_view content) {
  const auto renderings = Rendered("whatsapp", "message.received", Message(content));
  if (renderings.size() != 1 || renderings[0].name != "messages.upsert") return "not one message";
  const auto upsert = boost::json::parse(renderings[0].payload);
  const auto& message = upsert.at("messages").as_array().at(0).as_object();
  return message.contains("message") ? boost::json::serialize(message.at("message")) : "";
}

TEST(SocketIoRendererTest, AMessageOfAWebhookIsWhereHandlersLook) {
  EXPECT_EQ(
      Lines("whatsapp", "message.received", Message(R"("type":"text","text":{"body":"hi"})")),
      R"(messages.upsert {"messages":[{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"w"},"messageTimestamp":1790000002,"pushName":"Ana","message":{"conversation":"hi"}}],"type":"notify"})");
}

TEST(SocketIoRendererTest, EchoesAreAppendedAsTheInstancesOwn) {
  EXPECT_EQ(
      Lines("whatsapp", "message.sent",
            R"({"message":{"from":"1000","to":"1555","id":"w","timestamp":"1","type":"text","text":{"body":"hi"}}})"),
      R"(messages.upsert {"messages":[{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"w"},"messageTimestamp":1,"message":{"conversation":"hi"}}],"type":"append"})");
}

TEST(SocketIoRendererTest, EveryContentHasItsKey) {
  EXPECT_EQ(ContentOf(R"("type":"text","text":{"body":"re"},"context":{"id":"v","forwarded":true})"),
            R"({"extendedTextMessage":{"text":"re","contextInfo":{"stanzaId":"v","isForwarded":true}}})");
  EXPECT_EQ(
      ContentOf(
          R"("type":"image","image":{"id":"9","mime_type":"image/png","sha256":"YWI=","caption":"c","url":"https://m/9"})"),
      R"({"imageMessage":{"mimetype":"image/png","url":"https://m/9","fileSha256":"YWI=","caption":"c"}})");
  EXPECT_EQ(ContentOf(R"("type":"audio","audio":{"id":"9","mime_type":"audio/ogg","voice":true})"),
            R"({"audioMessage":{"mimetype":"audio/ogg","ptt":true}})");
  EXPECT_EQ(ContentOf(R"("type":"document","document":{"id":"9","mime_type":"application/pdf","filename":"a.pdf"})"),
            R"({"documentMessage":{"mimetype":"application/pdf","fileName":"a.pdf"}})");
  EXPECT_EQ(ContentOf(R"("type":"sticker","sticker":{"id":"9","mime_type":"image/webp"})"),
            R"({"stickerMessage":{"mimetype":"image/webp"}})");
  EXPECT_EQ(ContentOf(R"("type":"location","location":{"latitude":"-53.5","longitude":2.25,"name":"Depot"})"),
            R"({"locationMessage":{"degreesLatitude":-5.35E1,"degreesLongitude":2.25E0,"name":"Depot"}})");
  EXPECT_EQ(
      ContentOf(
          R"("type":"interactive","interactive":{"type":"button_reply","button_reply":{"id":"b1","title":"Yes"}})"),
      R"({"buttonsResponseMessage":{"selectedButtonId":"b1","selectedDisplayText":"Yes"}})");
  EXPECT_EQ(
      ContentOf(
          R"("type":"interactive","interactive":{"type":"list_reply","list_reply":{"id":"r1","title":"T","description":"D"}})"),
      R"({"listResponseMessage":{"title":"T","description":"D","singleSelectReply":{"selectedRowId":"r1"}}})");
  EXPECT_EQ(ContentOf(R"("type":"button","button":{"text":"Stop","payload":"STOP"})"),
            R"({"templateButtonReplyMessage":{"selectedId":"STOP","selectedDisplayText":"Stop"}})");
  EXPECT_EQ(ContentOf(R"("type":"order","order":{"catalog_id":"c","text":"t","product_items":[{},{}]})"),
            R"({"orderMessage":{"message":"t","itemCount":2}})");
  EXPECT_EQ(ContentOf(R"("type":"unsupported","errors":[{}])"), "");
}

TEST(SocketIoRendererTest, ContactsAreVisitingCards) {
  EXPECT_EQ(
      ContentOf(
          R"("type":"contacts","contacts":[{"name":{"formatted_name":"Ana; B","first_name":"Ana"},"phones":[{"phone":"+1 555","type":"CELL","wa_id":"1555"}],"org":{"company":"X, Y"},"emails":[{"email":"a@b\nEVIL:1"}]}])"),
      R"({"contactMessage":{"displayName":"Ana; B","vcard":"BEGIN:VCARD\nVERSION:3.0\nN:;Ana;;;\nFN:Ana\\; B\nORG:X\\, Y;\nTEL;type=CELL;waid=1555:+1 555\nEMAIL:a@b\\nEVIL:1\nEND:VCARD"}})");
}

TEST(SocketIoRendererTest, ReactionsEditsAndDeletionsAreAboutTheirMessage) {
  EXPECT_EQ(
      Lines("whatsapp", "message.reaction", Message(R"("type":"reaction","reaction":{"message_id":"v","emoji":"+"})")),
      R"(messages.reaction [{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"v"},"reaction":{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"w"},"text":"+","senderTimestampMs":1790000002000}}])");
  EXPECT_EQ(
      Lines("whatsapp", "message.edited",
            Message(
                R"("type":"edit","edit":{"original_message_id":"v","message":{"type":"text","text":{"body":"new"}}})")),
      R"(messages.update [{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"v"},"update":{"message":{"editedMessage":{"message":{"conversation":"new"}}},"messageTimestamp":1790000002}}])");
  EXPECT_EQ(Lines("whatsapp", "message.deleted", Message(R"("type":"revoke","revoke":{"original_message_id":"v"})")),
            R"(messages.delete {"keys":[{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"v"}]})");
}

TEST(SocketIoRendererTest, StatusesAreNumbers) {
  const std::pair<const char*, int> numbers[] = {
      {"sent", 2}, {"delivered", 3}, {"read", 4}, {"played", 5}, {"failed", 0}};
  for (const auto& [status, number] : numbers) {
    EXPECT_EQ(
        Lines("whatsapp", absl::StrCat("status.", status),
              R"({"status":{"id":"w","recipient_id":"1555","timestamp":"1"}})"),
        absl::StrCat(
            R"(messages.update [{"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"w"},"update":{"status":)",
            number, "}}]"));
  }
}

TEST(SocketIoRendererTest, SessionsConnectAndShowCodes) {
  EXPECT_EQ(Lines("", "session.connecting", "{}"), R"(connection.update {"connection":"connecting"})");
  EXPECT_EQ(Lines("vzaps", "Connected", "{}"), R"(connection.update {"connection":"open"})");
  EXPECT_EQ(
      Lines("", "session.disconnected", R"({"reason":"gone","status_code":401})"),
      R"(connection.update {"connection":"close","lastDisconnect":{"error":{"message":"gone","output":{"statusCode":401}}}})");
  EXPECT_EQ(Lines("multiwa", "qr.updated", R"({"qr":"2@"})"),
            "auth.qr {\"qr\":\"2@\"}\nconnection.update {\"qr\":\"2@\"}");
  EXPECT_EQ(Lines("", "session.pairing_code", R"({"pairing_code":"ABCD1234","phone":"1555"})"),
            R"(auth.pairing-code {"code":"ABCD1234","phoneNumber":"1555"})");
}

TEST(SocketIoRendererTest, ACodesTwoFramesHaveTheirOwnSteps) {
  const auto renderings = Rendered("multiwa", "qr.updated", R"({"qr":"2@"})");
  ASSERT_EQ(renderings.size(), 2);
  EXPECT_EQ(renderings[0].step, 1);
  EXPECT_EQ(renderings[1].step, 2);
}

TEST(SocketIoRendererTest, PresencesGroupsAndCollectionsHaveTheirShapes) {
  EXPECT_EQ(
      Lines("", "presence.chat", R"({"chat":"1203@g.us","user":"1555","state":"composing"})"),
      R"(presence.update {"id":"1203@g.us","presences":{"1555@s.whatsapp.net":{"lastKnownPresence":"composing"}}})");
  EXPECT_EQ(
      Lines("", "group.participants.promote", R"({"group":"1203@g.us","author":"1555","participants":["1666"]})"),
      R"(group-participants.update {"id":"1203@g.us","author":"1555@s.whatsapp.net","participants":["1666@s.whatsapp.net"],"action":"promote"})");
  EXPECT_EQ(Lines("", "chat.upsert", R"({"id":"c"})"), R"(chats.upsert [{"id":"c"}])");
  EXPECT_EQ(Lines("", "contact.update", R"([{"id":"c"}])"), R"(contacts.update [{"id":"c"}])");
  EXPECT_EQ(Lines("", "call.update", R"({"id":"c"})"), R"(call [{"id":"c"}])");
}

TEST(SocketIoRendererTest, ItsOwnEventsArePassedOnByteForByte) {
  for (const char* data :
       {R"({"messages" : [{"n":1.10e2,"s":"\u00e9\ud83d"}]})", R"({"messages":[1], "n":12345678901234567890123})"}) {
    EXPECT_EQ(Lines("baileys", "messages.upsert", data), absl::StrCat("messages.upsert ", data));
  }
  for (const char* data : {"[ 1 ]", "null", "\"x\"", "{}"}) {
    EXPECT_EQ(Lines("baileys", "labels.edit", data), absl::StrCat("labels.edit ", data));
  }
}

TEST(SocketIoRendererTest, CredentialsAreShownWithoutKeys) {
  constexpr char kCreds[] =
      R"({"noiseKey":{"private":"secret"},"advSecretKey":"secret","me":{"id":"1","name":"n","key":"secret"},"registered":true,"pairingCode":"secret","signalIdentities":["secret"]})";
  for (const std::string& shown : {Lines("baileys", "creds.update", kCreds), Lines("", "session.creds", kCreds)}) {
    EXPECT_EQ(shown, R"(creds.update {"me":{"id":"1","name":"n"},"registered":true})");
  }
  EXPECT_EQ(Lines("baileys", "creds.update", "[\"secret\"]"), "creds.update {}");
}

TEST(SocketIoRendererTest, ReservedNamesAndDamagedEventsAreRefused) {
  for (const char* name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_FALSE(Render(Published("baileys", name, "{}")).ok()) << name;
  }
  EXPECT_FALSE(Render(Published("baileys", "messages.upsert", "{")).ok());
  EXPECT_FALSE(Render(Published("baileys", "messages.upsert", R"({"messages":[]})")).ok());
  EXPECT_FALSE(Render(Published("baileys", "call", "[\"\xff\"]")).ok());
}

TEST(SocketIoRendererTest, WhatHasNoFormHereIsNotShown) {
  EXPECT_THAT(Rendered("whatsapp", "account.error", R"({"error":{}})"), IsEmpty());
  EXPECT_THAT(Rendered("vzaps", "SomethingNew", "{}"), IsEmpty());
  EXPECT_THAT(Rendered("", "playhead.upstream_gap", "{}"), IsEmpty());
}

TEST(SocketIoRendererTest, FiltersMatchExactly) {
  EXPECT_TRUE(MakeFilter({"call"}).Matches("call"));
  EXPECT_FALSE(MakeFilter({"call"}).Matches("Call"));
  EXPECT_FALSE(MakeFilter({}).Matches("call"));
  for (const char* all : {"*", "all"}) {
    for (const absl::string_view name : kEventNames) EXPECT_TRUE(MakeFilter({all}).Matches(name));
    EXPECT_FALSE(MakeFilter({all}).Matches("labels.edit"));
  }
  EXPECT_TRUE(MakeFilter({"*", "labels.edit"}).Matches("labels.edit"));
}

TEST(SocketIoRendererTest, NothingIsParsedThatNobodyWants) {
  const auto wants = [](absl::string_view dialect, absl::string_view type, const char* name) {
    return kRendering.may_show(Published(dialect, type, ""), MakeFilter({name}));
  };
  EXPECT_TRUE(wants("multiwa", "qr.updated", "auth.qr"));
  EXPECT_TRUE(wants("multiwa", "qr.updated", "connection.update"));
  EXPECT_FALSE(wants("multiwa", "qr.updated", "messages.upsert"));
  EXPECT_TRUE(wants("vzaps", "Message", "messages.delete"));
  EXPECT_FALSE(wants("vzaps", "Message", "call"));
}

}  // namespace
}  // namespace playhead::broker::socketio
