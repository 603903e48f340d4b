// What events mean in each dialect, and that the same thing said in two dialects is the same fact.
#include "broker/model/facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "broker/model/json.h"
#include "broker/model/view.h"

namespace playhead::broker::model {
namespace {

std::vector<Fact> Said(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  EventView event;
  event.type = type;
  event.data = data;
  if (!dialect.empty()) event.attributes = {{"dialect", dialect}};
  auto facts = FactsOf(event);
  EXPECT_TRUE(facts.ok()) << facts.status();
  return facts.ok() ? *std::move(facts) : std::vector<Fact>();
}

Fact SaidOnce(absl::string_view dialect, absl::string_view type, absl::string_view data) {
  std::vector<Fact> facts = Said(dialect, type, data);
  EXPECT_EQ(facts.size(), 1) << type;
  return facts.empty() ? Fact{Kind::kAccountError, Verbatim()} : std::move(facts.front());
}

const Message& MessageOf(const Fact& fact) { return std::get<Message>(fact.what); }

TEST(FactsTest, AWebhooksMessageIsFromItsSender) {
  const Fact fact = SaidOnce(
      "whatsapp", "message.received",
      R"({"contact":{"profile":{"name":"Ana"},"wa_id":"1555"},"message":{"from":"1555","id":"wamid.1","timestamp":"1790000002",
          "type":"image","image":{"id":"9","sha256":"YWI=","mime_type":"image/jpeg","caption":"see","url":"https://m/9"},
          "context":{"from":"1666","id":"wamid.0","forwarded":true}}})");
  EXPECT_EQ(fact.kind, Kind::kMessageReceived);
  const Message expected{.message_id = "wamid.1",
                         .chat = "1555",
                         .sender = "1555",
                         .sender_name = "Ana",
                         .timestamp = 1790000002,
                         .type = "image",
                         .media = Media{"9", "https://m/9", "image/jpeg", "YWI=", "see", "", false},
                         .reply_to = "wamid.0",
                         .forwarded = true};
  EXPECT_EQ(MessageOf(fact), expected);
}

TEST(FactsTest, AnEchoIsTheInstancesOwnToItsReceiver) {
  const Fact fact = SaidOnce(
      "whatsapp", "message.sent",
      R"({"message":{"from":"1000","to":"1555","id":"wamid.2","timestamp":"1","type":"text","text":{"body":"hi"}}})");
  EXPECT_TRUE(MessageOf(fact).from_me);
  EXPECT_EQ(MessageOf(fact).chat, "1555");
  EXPECT_EQ(MessageOf(fact).sender, "1000");
  EXPECT_EQ(MessageOf(fact).text, "hi");
}

TEST(FactsTest, EditsAndDeletionsNameTheMessage) {
  const Fact edit = SaidOnce("whatsapp", "message.edited",
                             R"({"message":{"from":"1555","id":"wamid.3","timestamp":"1","type":"edit",
                                 "edit":{"original_message_id":"wamid.1","message":{"type":"text","text":{"body":"new"}}}}})");
  EXPECT_EQ(MessageOf(edit).target, "wamid.1");
  EXPECT_EQ(MessageOf(edit).text, "new");
  const Fact deletion = SaidOnce("whatsapp", "message.deleted",
                                 R"({"message":{"from":"1555","id":"wamid.4","timestamp":"1","type":"revoke",
                                     "revoke":{"original_message_id":"wamid.1"}}})");
  EXPECT_EQ(deletion.kind, Kind::kMessageDeleted);
  EXPECT_EQ(MessageOf(deletion).target, "wamid.1");
}

TEST(FactsTest, ReceiptsOfAGroupSayWhose) {
  const Fact fact = SaidOnce("whatsapp", "status.read",
                             R"({"status":{"id":"wamid.5","status":"read","timestamp":"7","recipient_id":"1203",
                                 "recipient_type":"group","recipient_participant_id":"1777"}})");
  const Status expected{.message_id = "wamid.5", .chat = "1203@g.us", .participant = "1777", .timestamp = 7};
  EXPECT_EQ(std::get<Status>(fact.what), expected);
}

TEST(FactsTest, OneUpsertSaysSeveralMessages) {
  const auto facts = Said("baileys", "messages.upsert", R"({"type":"notify","messages":[
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"A"},"messageTimestamp":{"low":1790000002,"high":0,"unsigned":true},
       "pushName":"Ana","message":{"conversation":"hi"}},
      {"key":{"remoteJid":"1203@g.us","fromMe":false,"id":"B","participant":"1666@s.whatsapp.net"},"messageTimestamp":5,
       "message":{"ephemeralMessage":{"message":{"imageMessage":{"mimetype":"image/png","fileSha256":{"type":"Buffer","data":"YWI="}}}}}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"C"},"message":{"extendedTextMessage":{"text":"re","contextInfo":{"stanzaId":"A"}}}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"D"},"message":{"reactionMessage":{"key":{"id":"C","fromMe":true},"text":"+"}}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"E"},"message":{"protocolMessage":{"key":{"id":"A"},"type":0}}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"F"},"message":{"protocolMessage":{"key":{"id":"A"},"type":"MESSAGE_EDIT","editedMessage":{"conversation":"ho"}}}}]})");
  ASSERT_EQ(facts.size(), 6);
  EXPECT_EQ(facts[0].kind, Kind::kMessageReceived);
  EXPECT_EQ(MessageOf(facts[0]).chat, "1555");
  EXPECT_EQ(MessageOf(facts[0]).timestamp, 1790000002);
  EXPECT_EQ(MessageOf(facts[0]).text, "hi");
  EXPECT_EQ(MessageOf(facts[1]).chat, "1203@g.us");
  EXPECT_EQ(MessageOf(facts[1]).sender, "1666");
  EXPECT_EQ(MessageOf(facts[1]).media->sha256, "YWI=");
  EXPECT_EQ(facts[2].kind, Kind::kMessageSent);
  EXPECT_EQ(MessageOf(facts[2]).reply_to, "A");
  EXPECT_EQ(facts[3].kind, Kind::kMessageReaction);
  EXPECT_EQ(MessageOf(facts[3]).target, "C");
  EXPECT_EQ(MessageOf(facts[3]).target_from_me, true);
  EXPECT_EQ(facts[4].kind, Kind::kMessageDeleted);
  EXPECT_EQ(facts[5].kind, Kind::kMessageEdited);
  EXPECT_EQ(MessageOf(facts[5]).text, "ho");
  EXPECT_EQ(MessageOf(facts[5]).type, "edit");
}

TEST(FactsTest, UpdatesOfBaileysAreStatusesAndEdits) {
  const auto facts = Said("baileys", "messages.update", R"([
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"A"},"update":{"status":3}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"A"},"update":{"status":1}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":false,"id":"B"},"update":{"message":{"editedMessage":{"message":{"conversation":"x"}}}}},
      {"key":{"remoteJid":"1555@s.whatsapp.net","fromMe":true,"id":"A"},"update":{"starred":true}}])");
  ASSERT_EQ(facts.size(), 2);
  EXPECT_EQ(facts[0].kind, Kind::kStatusDelivered);
  EXPECT_EQ(facts[1].kind, Kind::kMessageEdited);
  EXPECT_EQ(MessageOf(facts[1]).target, "B");
}

TEST(FactsTest, AConnectionMayHaveACodeAndAState) {
  const auto facts = Said(
      "baileys", "connection.update",
      R"({"qr":"2@x","connection":"close","lastDisconnect":{"error":{"message":"gone","output":{"statusCode":401}}}})");
  ASSERT_EQ(facts.size(), 2);
  EXPECT_EQ(facts[0].kind, Kind::kSessionQr);
  EXPECT_EQ(std::get<Session>(facts[0].what).qr, "2@x");
  EXPECT_EQ(facts[1].kind, Kind::kSessionDisconnected);
  EXPECT_EQ(std::get<Session>(facts[1].what).status_code, 401);
  EXPECT_TRUE(Said("baileys", "connection.update", R"({"isOnline":true})").empty());
}

TEST(FactsTest, PresencesAreOneForEachUser) {
  const auto facts = Said("baileys", "presence.update",
                          R"({"id":"1203@g.us","presences":{"1555@s.whatsapp.net":{"lastKnownPresence":"composing"},
                              "1666@s.whatsapp.net":{"lastKnownPresence":"unavailable","lastSeen":9}}})");
  ASSERT_EQ(facts.size(), 2);
  EXPECT_EQ(facts[0].kind, Kind::kPresenceChat);
  EXPECT_EQ(facts[1].kind, Kind::kPresenceUser);
  EXPECT_EQ(std::get<Presence>(facts[1].what), (Presence{"1203@g.us", "1666", "unavailable", 9}));
}

TEST(FactsTest, VZapsSpeaksOfTheSame) {
  const Fact fact =
      SaidOnce("vzaps", "Message",
               R"({"type":"Message","event":{"Info":{"Chat":"1555@s.whatsapp.net","Sender":"1555:2@s.whatsapp.net",
                                 "IsFromMe":false,"ID":"A","PushName":"Ana","Timestamp":"2026-09-21T14:13:22Z"},
                                 "Message":{"conversation":"hi"}}})");
  EXPECT_EQ(fact.kind, Kind::kMessageReceived);
  EXPECT_EQ(MessageOf(fact).sender, "1555");
  EXPECT_EQ(MessageOf(fact).timestamp, 1790000002);
  const auto receipts = Said("vzaps", "ReadReceipt",
                             R"({"state":"Delivered","event":{"Chat":"1555@s.whatsapp.net","MessageIDs":["A","B"]}})");
  ASSERT_EQ(receipts.size(), 2);
  EXPECT_EQ(receipts[1].kind, Kind::kStatusDelivered);
  EXPECT_EQ(std::get<Status>(receipts[1].what).message_id, "B");
  EXPECT_EQ(SaidOnce("vzaps", "Connected", R"({"type":"Connected"})").kind, Kind::kSessionConnected);
  const Fact join =
      SaidOnce("vzaps", "GroupParticipantsAdd",
               R"({"event":{"JID":"1203@g.us","Sender":"1555@s.whatsapp.net","Join":["1666@s.whatsapp.net"]}})");
  EXPECT_EQ(std::get<Participants>(join.what), (Participants{"1203@g.us", "1555", {"1666"}}));
}

TEST(FactsTest, MultiWaSpeaksOfTheSame) {
  const Fact fact = SaidOnce("multiwa", "message.received",
                             R"({"id":"true_1_A","from":"1555@c.us","body":"Hello!","type":"chat",
                                 "timestamp":"2026-02-05T10:00:00.000Z","hasMedia":false})");
  EXPECT_EQ(MessageOf(fact).chat, "1555");
  EXPECT_EQ(MessageOf(fact).type, "text");
  EXPECT_EQ(MessageOf(fact).timestamp, 1770285600);
  EXPECT_EQ(SaidOnce("multiwa", "message.ack", R"({"messageId":"A","status":"read","ack":3})").kind, Kind::kStatusRead);
  EXPECT_EQ(SaidOnce("multiwa", "session.status", R"({"status":"connected","phone":"1555"})").kind,
            Kind::kSessionConnected);
  EXPECT_TRUE(Said("multiwa", "message.ack", R"({"messageId":"A","status":"unknown"})").empty());
}

TEST(FactsTest, AViewSaysWhatItWasMadeOf) {
  const Message message{.message_id = "A",
                        .chat = "1203@g.us",
                        .sender = "1555",
                        .sender_name = "Ana",
                        .timestamp = 5,
                        .type = "reaction",
                        .target = "B",
                        .target_from_me = true,
                        .emoji = "+"};
  Message rich{.message_id = "B", .chat = "1555", .sender = "1555", .timestamp = 6, .type = "interactive", .text = "t"};
  rich.media = Media{"1", "u", "m", "s", "c", "f", true};
  rich.location = Location{1.5, -2.25, "n", "a"};
  rich.contacts = {json::object{{"vcard", "BEGIN:VCARD"}}};
  rich.choice = Choice{"list_reply", "1", "t", "d", ""};
  rich.order = json::object{{"catalog_id", "c"}};
  rich.system = json::object{{"type", "x"}};
  for (const Fact& fact : {Fact{Kind::kMessageReaction, message}, Fact{Kind::kMessageReceived, rich},
                           Fact{Kind::kStatusRead, Status{"A", "1555", "1666", false, 8, {}}},
                           Fact{Kind::kPresenceChat, Presence{"1203@g.us", "1555", "composing", 0}},
                           Fact{Kind::kGroupParticipantsAdd, Participants{"1203@g.us", "1555", {"1666", "1777"}}}}) {
    const Fact again = SaidOnce("", KindName(fact.kind), json::serialize(ViewOf(fact)));
    EXPECT_TRUE(again.what == fact.what) << json::serialize(ViewOf(again)) << " is not "
                                         << json::serialize(ViewOf(fact));
  }
}

TEST(FactsTest, HalfASurrogatePairIsRead) {
  const Fact fact =
      SaidOnce("whatsapp", "message.received",
               R"({"message":{"from":"1","id":"w","timestamp":"1","type":"text","text":{"body":"cut \ud83d"}}})");
  EXPECT_EQ(MessageOf(fact).text, "cut \xef\xbf\xbd");
}

TEST(FactsTest, DamagedDataAreAnError) {
  for (const char* data : {"", "no JSON", "[", "{\"message\":{}", "7", "\"text\"", "{\"message\":[]}", "{}", "\xff"}) {
    EventView event;
    event.type = "message.received";
    event.data = data;
    event.attributes = {{"dialect", "whatsapp"}};
    EXPECT_FALSE(FactsOf(event).ok()) << data;
  }
  EXPECT_TRUE(Said("telegram", "message.received", "no JSON").empty());
  EXPECT_TRUE(Said("", "order.created", "no JSON").empty());
}

}  // namespace
}  // namespace playhead::broker::model
