// What every message can have besides its content, and that its type agrees with its content.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/whatsapp/content.h"
#include "tests/proto/whatsapp/content_rows.h"

namespace playhead::whatsapp {
namespace {

TEST(MessageTest, IdSenderTimeAndType) {
  ExpectMessages({
      {"id, from", R"("type":"unknown")", R"(type: "unknown")"},
      {"timestamp, a string of seconds", R"("type":"unknown","timestamp":"1790000002")",
       R"(type: "unknown" timestamp { seconds: 1790000002 })"},
      {"timestamp, a number", R"("type":"unknown","timestamp":1790000002)",
       R"(type: "unknown" timestamp { seconds: 1790000002 })"},
      {"the epoch is not absent", R"("type":"unknown","timestamp":"0")", R"(type: "unknown" timestamp {})"},
      {"the last second there is", R"("type":"unknown","timestamp":"253402300799")",
       R"(type: "unknown" timestamp { seconds: 253402300799 })"},
  });
  for (const char* time : {R"("253402300800")", R"("-1")", R"("1.5")", R"("soon")", R"("")", "1e300", "{}", "true"}) {
    ExpectMessages({{"a time that is none is absent", absl::StrCat(R"("type":"unknown","timestamp":)", time),
                     R"(type: "unknown")"}});
  }
}

TEST(MessageTest, Contact) {
  const auto parse = [](absl::string_view contact) {
    const auto message = ParseMessage(
        absl::StrCat(R"({"metadata":{},"contact":)", contact, R"(,"message":{"id":"wamid.1","type":"unknown"}})"));
    return message.ok() ? message->ShortDebugString() : message.status().ToString();
  };
  const std::string rest = R"(id: "wamid.1" type: "unknown")";
  EXPECT_EQ(parse(R"({"wa_id":"551","profile":{"name":"Ana"}})"), rest + R"( contact { wa_id: "551" name: "Ana" })");
  EXPECT_EQ(parse(R"({"profile":{"name":""},"wa_id":"551","user_id":"U","identity_key_hash":"h"})"),
            rest + R"( contact { wa_id: "551" name: "" })");
  EXPECT_EQ(parse(R"({"wa_id":"551"})"), rest + R"( contact { wa_id: "551" })");
  EXPECT_EQ(parse("{}"), rest + " contact { }");
  EXPECT_EQ(parse("null"), rest) << "absent";
  EXPECT_EQ(parse("[]"), rest) << "of the wrong kind";
  EXPECT_EQ(parse(R"({"wa_id":"551","profile":"Ana"})"), rest) << "complete or absent";
}

TEST(MessageTest, Context) {
  ExpectMessages({
      {"context.forwarded, frequently_forwarded",
       R"("type":"unknown","context":{"forwarded":true,"frequently_forwarded":false})",
       R"(type: "unknown" context { forwarded: true frequently_forwarded: false })"},
      {"context.from, id", R"("type":"unknown","context":{"from":"552","id":"wamid.0"})",
       R"(type: "unknown" context { from: "552" id: "wamid.0" })"},
      {"context.referred_product.catalog_id, product_retailer_id",
       R"("type":"unknown","context":{"referred_product":{"catalog_id":"c","product_retailer_id":"p"}})",
       R"(type: "unknown" context { referred_product { catalog_id: "c" product_retailer_id: "p" } })"},
      {"empty is not absent", R"("type":"unknown","context":{})", R"(type: "unknown" context {})"},
  });
}

TEST(MessageTest, Referral) {
  ExpectMessages({
      {"referral.source_url, source_type, source_id, headline, body",
       R"("type":"unknown","referral":{"source_url":"https://fb.me/x","source_type":"ad","source_id":"A1",)"
       R"("headline":"Sale","body":"Now"})",
       R"(type: "unknown" referral { source_url: "https://fb.me/x" source_type: "ad" source_id: "A1" )"
       R"(headline: "Sale" body: "Now" })"},
      {"referral.media_type, image_url, video_url, thumbnail_url, ctwa_clid have no field",
       R"("type":"unknown","referral":{"source_type":"ad","media_type":"image","image_url":"i","video_url":"v",)"
       R"("thumbnail_url":"t","ctwa_clid":"c"})",
       R"(type: "unknown" referral { source_type: "ad" })"},
  });
}

TEST(MessageTest, Errors) {
  ExpectMessages({
      {"errors[].code, title, message, href",
       R"("type":"unsupported","errors":[{"code":131051,"title":"t","message":"m","href":"https://x"},{"code":"2"}])",
       R"(type: "unsupported" errors { code: 131051 title: "t" message: "m" href: "https://x" } errors { code: 2 })"},
      {"errors[].error_data.details", R"("type":"unsupported","errors":[{"code":1,"error_data":{"details":"d"}}])",
       R"(type: "unsupported" errors { code: 1 details: "d" })"},
      {"errors[].details", R"("type":"unsupported","errors":[{"code":1,"details":"d"}])",
       R"(type: "unsupported" errors { code: 1 details: "d" })"},
      {"an error beside content", R"("type":"text","text":{"body":"b"},"errors":[{"code":1}])",
       R"(type: "text" text { body: "b" } errors { code: 1 })"},
  });
}

TEST(MessageTest, WithoutATypeItIsThatOfTheOnlyContent) {
  ExpectMessages({
      {"a location of old samples", R"("location":{"latitude":1,"longitude":2})",
       R"(type: "location" location { latitude: 1 longitude: 2 })"},
      {"any other", R"("contacts":[{"birthday":"b"}])", R"(type: "contacts" contacts { birthday: "b" })"},
      {"an empty type is none", R"("type":"","button":{"text":"t"})", R"(type: "button" button { text: "t" })"},
      {"a type of the wrong kind is none", R"("type":[],"text":{"body":"b"})", R"(type: "text" text { body: "b" })"},
      {"several", R"("text":{"body":"b"},"button":{"text":"t"})", R"(type: "unknown")"},
      {"none", "", R"(type: "unknown")"},
  });
}

// The SDK fails over a type whose content is missing, and takes the whole batch with it.
TEST(MessageTest, ATypeWithoutItsContentIsRenamed) {
  for (const char* type : {"text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction",
                           "interactive", "button", "order", "system"}) {
    const std::string renamed = absl::StrCat("type: \"", type, ".unreadable\"");
    ExpectMessages({
        {"missing", absl::StrCat(R"("type":")", type, "\""), renamed},
        {"null", absl::StrCat(R"("type":")", type, R"(",")", type, "\":null"), renamed},
        {"of the wrong kind", absl::StrCat(R"("type":")", type, R"(",")", type, "\":7"), renamed},
        {"another content in its place",
         absl::StrCat(R"("type":")", type, R"(",")", type == std::string("text") ? "image" : "text", "\":{}"), renamed},
    });
  }
  ExpectMessages({
      {"no contacts", R"("type":"contacts","contacts":[])", R"(type: "contacts.unreadable")"},
      {"contacts of the wrong kind", R"("type":"contacts","contacts":[{"org":"x"}])", R"(type: "contacts.unreadable")"},
  });
}

TEST(MessageTest, OnlyTheContentOfItsTypeIsSet) {
  ExpectMessages({
      {"before and behind", R"("image":{"id":"1"},"type":"text","text":{"body":"b"},"contacts":[{}])",
       R"(type: "text" text { body: "b" })"},
      {"beside a type without a field", R"("type":"edit","text":{"body":"b"})", R"(type: "edit")"},
  });
}

TEST(MessageTest, AnInteractiveReplyWithoutAFieldIsRenamed) {
  ExpectMessages({
      {"call_permission_reply",
       R"("type":"interactive","interactive":{"type":"call_permission_reply","call_permission_reply":{"r":1}})",
       R"(type: "interactive.call_permission_reply")"},
      {"a known kind with another's reply",
       R"("type":"interactive","interactive":{"type":"button_reply","list_reply":{"id":"1"}})",
       R"(type: "interactive.unreadable")"},
      {"a known kind without a reply", R"("type":"interactive","interactive":{"type":"nfm_reply"})",
       R"(type: "interactive.unreadable")"},
      {"nothing", R"("type":"interactive","interactive":{})", R"(type: "interactive.unreadable")"},
      {"beside another type", R"("type":"edit","interactive":{"type":"call_permission_reply"})", R"(type: "edit")"},
  });
}

TEST(MessageTest, WhatIsNoMessageIsAnError) {
  const std::vector<std::string> damaged = {
      "",
      " ",
      "x",
      "null",
      "7",
      R"("message")",
      "[]",
      R"([{"message":{"id":"1"}}])",
      "{}",
      R"({"status":{"id":"1","status":"sent"}})",
      R"({"message":null})",
      R"({"message":[]})",
      R"({"message":"x"})",
      R"({"message":{}})",
      R"({"message":{"type":"text","text":{"body":"no id"}}})",
      R"({"message":{"id":"","type":"text"}})",
      R"({"message":{"id":null,"type":"text"}})",
      R"({"message":{"id":{},"type":"text"}})",
      R"({"message":{"id":"1"})",
      R"({"message":{"id":"1"}}})",
      R"({"message":{"id":"1"}} {})",
      R"({"message":{"id":"1"}}x)",
      R"({"message":{"id":"1",}})",
      R"({"message":{"id" "1"}})",
      R"({"message":{"id":"1","text":{"body":"\x"}}})",
      R"({"message":{"id":"1","text":{"body":"\u12"}}})",
      "{\"message\":{\"id\":\"\xff\"}}",
      "{\"message\":{\"id\":\"a\nb\"}}",
  };
  for (const std::string& data : damaged) {
    const auto message = ParseMessage(data);
    EXPECT_TRUE(HasReason(message.status(), Reason::kEventInvalid)) << data << "\n" << message.status();
  }
}

TEST(MessageTest, ItsOrderInTheDataDoesNotMatter) {
  const auto message = ParseMessage(
      R"( {"message":{"text":{"body":"b"},"type":"text","id":"1"},"contact":{"wa_id":"5"},"metadata":7} )");
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->ShortDebugString(), R"(id: "1" type: "text" contact { wa_id: "5" } text { body: "b" })");
}

}  // namespace
}  // namespace playhead::whatsapp
