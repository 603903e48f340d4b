// How values of any field are read: the rules of content.h.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "proto/whatsapp/content.h"
#include "tests/proto/whatsapp/content_rows.h"

namespace playhead::whatsapp {
namespace {

// The body of a text message whose body is the JSON string `json`.
std::string Body(absl::string_view json) {
  const auto message =
      ParseMessage(EventData("message", absl::StrCat(R"({"id":"1","type":"text","text":{"body":)", json, "}}")));
  if (!message.ok()) return message.status().ToString();
  EXPECT_EQ(message->type(), "text") << json;
  photon::whatsapp::v1::InboundMessage again;
  EXPECT_TRUE(again.ParseFromString(message->SerializeAsString())) << "not UTF-8: " << json;
  return message->text().body();
}

TEST(ReadingRulesTest, EscapesAreCharacters) {
  EXPECT_EQ(Body(R"("a\"\\\/\b\f\n\r\tb")"), "a\"\\/\b\f\n\r\tb");
  EXPECT_EQ(Body(R"("\u0041\u00e9\u4f60\ud83d\ude00")"), "A\u00e9\u4f60\U0001f600");
  EXPECT_EQ(Body("\"\u00e9\u4f60\U0001f600\""), "\u00e9\u4f60\U0001f600");
  EXPECT_EQ(Body(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(Body(R"("")"), "");
}

TEST(ReadingRulesTest, HalfASurrogatePairIsTheReplacementCharacter) {
  EXPECT_EQ(Body(R"("a\ud83db")"), "a\ufffdb");
  EXPECT_EQ(Body(R"("\ud83d")"), "\ufffd");
  EXPECT_EQ(Body(R"("\ude00")"), "\ufffd");
  EXPECT_EQ(Body(R"("\ude00\ud83d")"), "\ufffd\ufffd") << "the wrong way round";
  EXPECT_EQ(Body(R"("\ud83d\ud83d\ude00")"), "\ufffd\U0001f600");
  EXPECT_EQ(Body(R"("\uD83D\uDE00\uD83D")"), "\U0001f600\ufffd");
  EXPECT_EQ(Body(R"("\ud83d\n")"), "\ufffd\n");
  EXPECT_EQ(Body(R"("\ud83d\u0041")"), "\ufffdA");
  EXPECT_EQ(Body(R"("\\ud83d")"), "\\ud83d") << "a backslash and letters";
  EXPECT_EQ(Body(R"("\\\ud83d")"), "\\\ufffd");
}

TEST(ReadingRulesTest, SurrogatesAnywhereElseDoNoHarm) {
  ExpectMessages({
      {"in a key without a row", R"("type":"text","\ud83d":1,"text":{"body":"b","\ude00":{}})",
       R"(type: "text" text { body: "b" })"},
  });
}

TEST(ReadingRulesTest, AKeyMayBeEscaped) {
  ExpectMessages(
      {{"the same key", R"("typ\u0065":"text","\u0074ext":{"bod\u0079":"b"})", R"(type: "text" text { body: "b" })"}});
}

TEST(ReadingRulesTest, OfEqualKeysTheLastCounts) {
  ExpectMessages({
      {"scalars", R"("type":"image","type":"text","text":{"body":"a","body":"b"})",
       R"(type: "text" text { body: "b" })"},
      {"objects are not merged", R"("type":"image","image":{"id":"1","caption":"c"},"image":{"id":"2"})",
       R"(type: "image" image { id: "2" })"},
      {"lists are not joined", R"("type":"contacts","contacts":[{"birthday":"a"}],"contacts":[{"birthday":"b"}])",
       R"(type: "contacts" contacts { birthday: "b" })"},
      {"also if it cannot be read", R"("type":"text","text":{"body":"b"},"text":[])", R"(type: "text.unreadable")"},
      {"a null is no key", R"("type":"text","text":{"body":"b"},"text":null)", R"(type: "text" text { body: "b" })"},
  });
}

TEST(ReadingRulesTest, OfEqualMessagesTheLastCounts) {
  const auto message = ParseMessage(R"({"message":{"id":"1","from":"5"},"message":{"id":"2"}})");
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->ShortDebugString(), R"(id: "2" type: "unknown")");
}

TEST(ReadingRulesTest, NullIsAbsent) {
  ExpectMessages({
      {"fields", R"("type":"image","image":{"id":"1","caption":null,"sha256":null},"context":null,"errors":null)",
       R"(type: "image" image { id: "1" })"},
      {"elements", R"("type":"contacts","contacts":[null,{"phones":[null,{"phone":"1"}],"org":null}],"errors":[null])",
       R"(type: "contacts" contacts { phones { phone: "1" } })"},
  });
}

TEST(ReadingRulesTest, NumbersAndStringsStandForEachOther) {
  ExpectMessages({
      {"a string of a number is its text",
       R"("type":"order","order":{"catalog_id": 12345678901234567890123 ,"text":1.50})",
       R"(type: "order" order { catalog_id: "12345678901234567890123" text: "1.50" })"},
      {"degrees in strings", R"("type":"location","location":{"latitude":"-1.5","longitude":"2e1"})",
       R"(type: "location" location { latitude: -1.5 longitude: 20 })"},
  });
}

TEST(ReadingRulesTest, AValueOfTheWrongKindTakesItsPartWithIt) {
  ExpectMessages({
      {"content", R"("type":"text","text":{"body":true},"context":{"id":"0"})",
       R"(type: "text.unreadable" context { id: "0" })"},
      {"content, deep", R"("type":"contacts","contacts":[{"birthday":"b"},{"phones":[{"phone":{}}]}])",
       R"(type: "contacts.unreadable")"},
      {"content, a flag", R"("type":"audio","audio":{"id":"1","voice":"true"})", R"(type: "audio.unreadable")"},
      {"content, a flag that is a number", R"("type":"audio","audio":{"id":"1","voice":1})",
       R"(type: "audio.unreadable")"},
      {"content, no number", R"("type":"location","location":{"latitude":"north","longitude":1})",
       R"(type: "location.unreadable")"},
      {"content, not a finite number", R"("type":"location","location":{"latitude":1e999,"longitude":1})",
       R"(type: "location.unreadable")"},
      {"content, NaN", R"("type":"location","location":{"latitude":"NaN","longitude":1})",
       R"(type: "location.unreadable")"},
      {"content, not a whole number", R"("type":"order","order":{"product_items":[{"quantity":1.5}]})",
       R"(type: "order.unreadable")"},
      {"content, too large a number", R"("type":"order","order":{"product_items":[{"quantity":"2147483648"}]})",
       R"(type: "order.unreadable")"},
      {"context", R"("type":"unknown","context":{"id":"0","forwarded":"yes"})", R"(type: "unknown")"},
      {"context, deep", R"("type":"unknown","context":{"id":"0","referred_product":[]})", R"(type: "unknown")"},
      {"referral", R"("type":"unknown","referral":{"body":[]})", R"(type: "unknown")"},
      {"errors", R"("type":"unknown","errors":[{"code":1},{"code":{}}])", R"(type: "unknown")"},
      {"errors that are no list", R"("type":"unknown","errors":{"code":1})", R"(type: "unknown")"},
      {"what has no row may be anything", R"("type":"text","text":{"body":"b","x":tru},"y":[[[[{}]]]],"z":1e999)",
       R"(type: "text" text { body: "b" })"},
  });
}

TEST(ReadingRulesTest, NestingHasNoLimitThatHurts) {
  const int depth = 100'000;
  const std::string nest = std::string(depth, '[') + std::string(depth, ']');
  ExpectMessages({
      {"skipped", absl::StrCat(R"("type":"text","x":)", nest, R"(,"text":{"body":"b"})"),
       R"(type: "text" text { body: "b" })"},
      {"in place of content", absl::StrCat(R"("type":"contacts","contacts":)", nest), R"(type: "contacts.unreadable")"},
  });
  EXPECT_FALSE(ParseMessage(std::string(depth, '{')).ok());
  EXPECT_FALSE(ParseMessage(absl::StrCat(R"({"message":{"id":"1","x":)", std::string(depth, '['))).ok());
}

TEST(ReadingRulesTest, ALargeEventIsReadWhole) {
  const std::string body(3 << 20, 'x');
  EXPECT_EQ(Body("\"" + body + "\""), body);
  EXPECT_EQ(Body("\"small\""), "small");
}

}  // namespace
}  // namespace playhead::whatsapp
