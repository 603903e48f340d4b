#include "broker/http/engineio/packet.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/seed.h"

namespace playhead::broker::http::engineio {
namespace {

std::vector<Packet> ReadAll(absl::string_view payload) {
  std::vector<Packet> packets;
  for (PayloadReader reader(payload); !reader.AtEnd();) {
    std::optional<Packet> packet = reader.Next();
    if (!packet) return {};
    packets.push_back(*packet);
  }
  return packets;
}

TEST(PacketTest, FramesAreReadAsTheProtocolSays) {
  EXPECT_EQ(DecodeFrame({"4hello"}), (Packet{PacketType::kMessage, {"hello"}}));
  EXPECT_EQ(DecodeFrame({"2probe"}), (Packet{PacketType::kPing, {"probe"}}));
  EXPECT_EQ(DecodeFrame({"4"}), (Packet{PacketType::kMessage, {""}}));
  EXPECT_EQ(DecodeFrame({"4hello", true}), (Packet{PacketType::kMessage, {"4hello", true}}));
  EXPECT_EQ(DecodeFrame({"", true}), (Packet{PacketType::kMessage, {"", true}}));
}

TEST(PacketTest, WhatIsNoPacketIsNotRead) {
  for (const char* text : {"", "7", "abc", "-4", " 4", "/", ":"}) EXPECT_EQ(DecodeFrame({text}), std::nullopt) << text;
  for (const char* payload : {"", "4a\x1e", "\x1e",
                              "4a\x1e\x1e"
                              "4b",
                              "b!!!", "4a\x1exyz"}) {
    EXPECT_TRUE(ReadAll(payload).empty()) << payload;
  }
}

TEST(PacketTest, PayloadsAreReadAsTheProtocolSays) {
  EXPECT_EQ(ReadAll("4hello\x1e"
                    "2\x1e"
                    "4world"),
            (std::vector<Packet>{
                {PacketType::kMessage, {"hello"}}, {PacketType::kPing, {}}, {PacketType::kMessage, {"world"}}}));
  EXPECT_EQ(
      ReadAll("4hello\x1e"
              "bAQIDBA=="),
      (std::vector<Packet>{{PacketType::kMessage, {"hello"}}, {PacketType::kMessage, {"\x01\x02\x03\x04", true}}}));
}

TEST(PacketTest, WhatIsWrittenIsReadBack) {
  playhead::testing::Random random(playhead::testing::TestSeed());
  for (int round = 0; round < 2000; ++round) {
    std::vector<Packet> packets;
    std::string payload;
    for (uint64_t i = 0; i <= random.Below(5); ++i) {
      Packet packet;
      packet.payload.binary = random.Below(3) == 0;
      if (!packet.payload.binary) packet.type = static_cast<PacketType>('0' + random.Below(7));
      for (uint64_t length = random.Below(20); length > 0; --length) {
        const char c = static_cast<char>(random.Below(256));
        // Text has no separator in it: control characters are escaped in JSON.
        packet.payload.data += packet.payload.binary || c != '\x1e' ? c : 'x';
      }
      EXPECT_EQ(DecodeFrame(EncodeFrame(packet)), packet);
      AppendToPayload(packet, payload);
      packets.push_back(packet);
    }
    EXPECT_EQ(ReadAll(payload), packets);
  }
}

}  // namespace
}  // namespace playhead::broker::http::engineio
