#include "broker/http/socketio/packet.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/http/socketio/json.h"
#include "tests/support/seed.h"

namespace playhead::broker::http::socketio {
namespace {

TEST(PacketTest, PacketsAreReadAsTheProtocolSays) {
  const struct {
    const char* text;
    Packet packet;
  } cases[] = {
      {"0", {PacketType::kConnect}},
      {R"(0{"token":"123"})", {PacketType::kConnect, 0, "/", {}, R"({"token":"123"})"}},
      {"0/custom", {PacketType::kConnect, 0, "/custom"}},
      {R"(0/api/events,{"token":"a,b"})", {PacketType::kConnect, 0, "/api/events", {}, R"({"token":"a,b"})"}},
      {"1/custom", {PacketType::kDisconnect, 0, "/custom"}},
      {"1/custom,", {PacketType::kDisconnect, 0, "/custom"}},
      {R"(2["hello",1])", {PacketType::kEvent, 0, "/", {}, R"(["hello",1])"}},
      {"2[7]", {PacketType::kEvent, 0, "/", {}, "[7]"}},
      {R"(2/admin,456["project:delete",123])", {PacketType::kEvent, 0, "/admin", 456, R"(["project:delete",123])"}},
      {"3/admin,456[]", {PacketType::kAck, 0, "/admin", 456, "[]"}},
      {R"(4/admin,{"message":"Not authorized"})",
       {PacketType::kConnectError, 0, "/admin", {}, R"({"message":"Not authorized"})"}},
      {R"(51-["hello",{"_placeholder":true,"num":0}])",
       {PacketType::kBinaryEvent, 1, "/", {}, R"(["hello",{"_placeholder":true,"num":0}])"}},
      {R"(61-/admin,456[{"_placeholder":true,"num":0}])",
       {PacketType::kBinaryAck, 1, "/admin", 456, R"([{"_placeholder":true,"num":0}])"}},
  };
  for (const auto& [text, packet] : cases) EXPECT_EQ(DecodePacket(text), packet) << text;
}

TEST(PacketTest, WhatIsNoPacketIsNotRead) {
  for (const std::string text : {"",
                                 "7",
                                 "abc",
                                 "2",
                                 "2{}",
                                 "2[]",
                                 R"(2[null])",
                                 R"(2[["a"]])",
                                 R"(2["a")",
                                 R"(2["a"]x)",
                                 "2abc[\"a\"]",
                                 R"(2["connect"])",
                                 R"(2["connect_error"])",
                                 R"(2["disconnect"])",
                                 R"(2["disconnecting"])",
                                 R"(2["newListener"])",
                                 R"(2["\u0072emoveListener"])",
                                 "0[]",
                                 "0\"a\"",
                                 "01{",
                                 "1[]",
                                 "1{}",
                                 "3[]",
                                 "3/a,[]",
                                 "31{}",
                                 "4[]",
                                 "41",
                                 R"(5["a"])",
                                 R"(5-["a"])",
                                 R"(511-["a"])",
                                 R"(5-1-["a"])",
                                 R"(51["a"])",
                                 R"(51-["a",{"_placeholder":true,"num":1}])",
                                 R"(51-["a",{"_placeholder":true,"num":-1}])",
                                 R"(51-["a",{"b":[{"_placeholder":true}]}])",
                                 R"(29007199254740992["a"])",
                                 "2[\"\xff\"]"}) {
    EXPECT_EQ(DecodePacket(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodePacket(absl::StrCat("0/", std::string(kNamespaceBytesMax, 'n'))), std::nullopt);
}

TEST(PacketTest, NestingIsBounded) {
  const auto event = [](size_t levels) {
    return absl::StrCat("2[\"a\"", levels > 1 ? "," : "", std::string(levels - 1, '['), std::string(levels - 1, ']'),
                        "]");
  };
  EXPECT_NE(DecodePacket(event(kJsonDepthMax)), std::nullopt);
  EXPECT_EQ(DecodePacket(event(kJsonDepthMax + 1)), std::nullopt);
  EXPECT_EQ(DecodePacket(event(100'000)), std::nullopt);
}

TEST(PacketTest, AnArrayIsCutWhereItsElementsEnd) {
  EXPECT_EQ(Elements("[]"), std::vector<absl::string_view>{});
  EXPECT_EQ(Elements(" [ ] "), std::vector<absl::string_view>{});
  EXPECT_EQ(Elements(R"([ "a,\"]" , {"b":[1,{"c":"}"}]} ,[2,3],-1.50e+3, null])"),
            (std::vector<absl::string_view>{R"("a,\"]")", R"({"b":[1,{"c":"}"}]})", "[2,3]", "-1.50e+3", "null"}));
  EXPECT_EQ(Elements(R"(["\\"])"), std::vector<absl::string_view>{R"("\\")"});
}

TEST(PacketTest, WhatIsWrittenIsReadBack) {
  playhead::testing::Random random(playhead::testing::TestSeed());
  const std::vector<std::string> values = {"1",
                                           "\"x\"",
                                           "{\"a\":[1,\"]\"]}",
                                           "[]",
                                           "null",
                                           "\"\\\"\\\\\"",
                                           "-0.5",
                                           "\"\xc3\xa9\"",
                                           "{}",
                                           "{\"_placeholder\":true,\"num\":0}"};
  for (int round = 0; round < 5000; ++round) {
    const bool is_ack = random.Below(2) == 0;
    const bool is_binary = random.Below(2) == 0;
    Packet packet;
    packet.type = is_ack ? (is_binary ? PacketType::kBinaryAck : PacketType::kAck)
                         : (is_binary ? PacketType::kBinaryEvent : PacketType::kEvent);
    packet.attachment_count = is_binary ? 1 + random.Below(kAttachmentsMax) : 0;
    if (random.Below(2) == 0) packet.name_space = "/api/events";
    if (is_ack || random.Below(2) == 0) packet.ack_id = random.Below(kAckIdMax + 1);
    std::vector<std::string> elements;
    if (!is_ack) elements.push_back(Quoted(absl::StrCat("name", random.Below(10))));
    for (uint64_t count = random.Below(4); count > 0; --count) elements.push_back(values[random.Below(values.size())]);
    packet.data = JoinArray(elements);
    EXPECT_EQ(DecodePacket(EncodePacket(packet)), packet) << EncodePacket(packet);
    const std::vector<absl::string_view> cut = Elements(packet.data);
    EXPECT_EQ(std::vector<std::string>(elements), [&] {
      std::vector<std::string> copies;
      for (const absl::string_view element : cut) copies.emplace_back(element);
      return copies;
    }());
  }
}

}  // namespace
}  // namespace playhead::broker::http::socketio
