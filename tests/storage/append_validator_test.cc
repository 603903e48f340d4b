// The validator compared with the generated parser, and every refusal with its reason.
#include "storage/append_validator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "tests/storage/append_mutations.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;

TEST(AppendValidatorTest, WhatItAdmitsTheParserReadsTheSame) {
  Random random(TestSeed());
  int admitted_count = 0;
  int admitted_mutations = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string sound = RandomAppendRequest(random).SerializeAsString();
    for (int i = 0; i < 8; ++i) {
      const std::string request = i == 0 ? sound : Mutated(sound, random);
      bool admitted = false;
      ASSERT_EQ(CheckAgainstParser(request, admitted), "")
          << "round " << round << ": " << absl::BytesToHexString(request);
      (i == 0 ? admitted_count : admitted_mutations) += admitted ? 1 : 0;
    }
  }
  EXPECT_GT(admitted_count, 5000);
  EXPECT_GT(admitted_mutations, 5000) << "else the mutations test little";
}

// The same, for every single byte put in place of every byte of one request.
TEST(AppendValidatorTest, NoSingleByteMakesTheTwoDisagree) {
  v1::AppendRequest request;
  request.set_instance("a");
  v1::Event& event = *request.add_events();
  event.set_type("t");
  event.set_id("é");
  event.set_created_at(300);
  event.set_data("d");
  (*event.mutable_attributes())["dialect"] = "m";
  request.set_expected_cursor(1);
  request.mutable_producer()->set_id("p");
  request.mutable_producer()->set_sequence(1);
  const std::string sound = request.SerializeAsString();
  for (size_t at = 0; at < sound.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = sound;
      changed[at] = static_cast<char>(byte);
      bool admitted = false;
      ASSERT_EQ(CheckAgainstParser(changed, admitted), "") << at << " " << byte;
      changed.insert(at, sound, at, 1);
      ASSERT_EQ(CheckAgainstParser(changed, admitted), "") << at << " " << byte;
    }
  }
}

std::string Field(char tag, absl::string_view bytes) {
  std::string out(1, tag);
  AppendVarint(bytes.size(), out);
  absl::StrAppend(&out, bytes);
  return out;
}

std::string Event(absl::string_view fields) { return Field(0x12, fields); }
std::string Attribute(absl::string_view key, absl::string_view value) {
  return Field(0x2a, absl::StrCat(Field(0x0a, key), Field(0x12, value)));
}
std::string Attributes(int count, size_t value_bytes) {
  std::string out;
  for (int i = 0; i < count; ++i) out += Attribute(absl::StrCat(i), std::string(value_bytes, 'v'));
  return out;
}
std::string Repeat(absl::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) absl::StrAppend(&out, text);
  return out;
}

struct Refusal {
  const char* name;
  std::string request;
  Reason reason;
  const char* message;  // Part of it.
};

const std::string kType = "\x0a\x01t";
const std::string kLong = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";  // A varint over 64 bits.

std::vector<Refusal> Refusals() {
  const std::string instance = Field(0x0a, "a");
  return {
      {"tag cut", "\x8a", Reason::kMalformedRequest, "tag"},
      {"tag of field 0", std::string("\x02\x00", 2), Reason::kMalformedRequest, "tag"},
      {"tag of six bytes", std::string("\x8a\x80\x80\x80\x80\x00\x01\x61", 8), Reason::kMalformedRequest, "tag"},
      {"length cut", "\x0a", Reason::kMalformedRequest, "cut short"},
      {"field cut", "\x0a\x02x", Reason::kMalformedRequest, "cut short"},
      {"length of six bytes", std::string("\x0a\x81\x80\x80\x80\x80\x00\x61", 8), Reason::kMalformedRequest,
       "cut short"},
      {"number cut", "\x18\x80", Reason::kMalformedRequest, "number"},
      {"number over 64 bits", absl::StrCat("\x18", kLong), Reason::kMalformedRequest, "number"},
      {"instance twice", absl::StrCat(instance, instance), Reason::kMalformedRequest, "field 1 occurs twice"},
      {"unknown field", absl::StrCat(instance, Field(0x7a, "x")), Reason::kMalformedRequest, "field 15"},
      {"known field of another wire type", absl::StrCat("\x08", "\x01"), Reason::kMalformedRequest,
       "field 1 with wire type 0"},
      {"group", "\x0b\x0c", Reason::kMalformedRequest, "wire type 3"},
      {"producer: unknown field", Field(0x22, "\x18\x01"), Reason::kMalformedRequest, "Producer: field 3"},
      {"producer twice", absl::StrCat(Field(0x22, ""), Field(0x22, "")), Reason::kMalformedRequest, "twice"},
      {"producer: id twice", Field(0x22, absl::StrCat(Field(0x0a, "p"), Field(0x0a, "p"))), Reason::kMalformedRequest,
       "twice"},
      {"expected_cursor twice", "\x18\x01\x18\x01", Reason::kMalformedRequest, "twice"},
      {"event without type", Event("\x22\x01x"), Reason::kEventInvalid, "event 0: type: required"},
      {"type of the broker's own", Event(Field(0x0a, "playhead.erased")), Reason::kEventInvalid, "the broker's own"},
      {"upstream gap without data", Event(Field(0x0a, "playhead.upstream_gap")), Reason::kEventInvalid,
       "event 0: playhead.upstream_gap"},
      {"upstream gap that ends before it begins, data first",
       Event(absl::StrCat(Field(0x22, R"({"from":6,"to":5})"), Field(0x0a, "playhead.upstream_gap"))),
       Reason::kEventInvalid, "not before `from`"},
      {"empty type", Event(std::string("\x0a\x00", 2)), Reason::kEventInvalid, "1 to 128 bytes"},
      {"type too long", Event(Field(0x0a, std::string(129, 't'))), Reason::kEventInvalid, "1 to 128 bytes"},
      {"type not UTF-8", Event("\x0a\x01\xff"), Reason::kEventInvalid, "UTF-8"},
      {"type with a surrogate", Event("\x0a\x03\xed\xa0\x80"), Reason::kEventInvalid, "UTF-8"},
      {"type with an overlong character", Event("\x0a\x02\xc0\xaf"), Reason::kEventInvalid, "UTF-8"},
      {"type with a control character", Event("\x0a\x02t\n"), Reason::kEventInvalid, "control"},
      {"type with DEL", Event("\x0a\x01\x7f"), Reason::kEventInvalid, "control"},
      {"type with NUL", Event(std::string("\x0a\x02t\0", 4)), Reason::kEventInvalid, "control"},
      {"type twice", Event(absl::StrCat(kType, kType)), Reason::kMalformedRequest, "Event: field 1 occurs twice"},
      {"id too long", Event(absl::StrCat(kType, Field(0x12, std::string(257, 'i')))), Reason::kEventInvalid,
       "id: at most 256"},
      {"id not UTF-8", Event(absl::StrCat(kType, "\x12\x01\x80")), Reason::kEventInvalid, "id"},
      {"created_at over 64 bits", Event(absl::StrCat(kType, "\x18", kLong)), Reason::kMalformedRequest, "number"},
      {"data cut", Event(absl::StrCat(kType, "\x22\x05x")), Reason::kMalformedRequest, "cut short"},
      {"33 attributes", Event(absl::StrCat(kType, Attributes(33, 1))), Reason::kEventInvalid, "at most 32 entries"},
      {"attributes too large", Event(absl::StrCat(kType, Attributes(32, 130))), Reason::kEventInvalid, "4096 bytes"},
      {"attribute without key", Event(absl::StrCat(kType, Field(0x2a, "\x12\x01v"))), Reason::kEventInvalid,
       "keys of 1 to 128"},
      {"attribute with long key", Event(absl::StrCat(kType, Attribute(std::string(129, 'k'), ""))),
       Reason::kEventInvalid, "keys of 1 to 128"},
      {"attribute not UTF-8", Event(absl::StrCat(kType, Attribute("k", "\xff"))), Reason::kEventInvalid, "UTF-8"},
      {"attribute key twice", Event(absl::StrCat(kType, Attribute("k", "1"), Attribute("k", "2"))),
       Reason::kEventInvalid, "at most once"},
      {"attribute: key field twice", Event(absl::StrCat(kType, Field(0x2a, "\x0a\x01k\x0a\x01k"))),
       Reason::kMalformedRequest, "twice"},
      {"attribute: unknown field", Event(absl::StrCat(kType, Field(0x2a, "\x1a\x01k"))), Reason::kMalformedRequest,
       "field 3"},
      {"dialect too long", Event(absl::StrCat(kType, Attribute("dialect", std::string(129, 'd')))),
       Reason::kEventInvalid, "dialect"},
      {"hidden type", Event(Field(0x0a, "playhead.hidden.x")), Reason::kEventInvalid, "the broker's own"},
      {"cursor set", Event(absl::StrCat(kType, "\x71", std::string(8, '\1'))), Reason::kBrokerFieldSet, "cursor"},
      {"cursor set as another wire type", Event(absl::StrCat(kType, "\x70\x01")), Reason::kBrokerFieldSet, "cursor"},
      {"appended_at set", Event(absl::StrCat(kType, "\x79", std::string(8, '\1'))), Reason::kBrokerFieldSet,
       "appended_at"},
      {"event: unknown field", Event(absl::StrCat(kType, "\x30\x01")), Reason::kMalformedRequest, "Event: field 6"},
      {"event too large", Event(absl::StrCat(kType, Field(0x22, std::string(kEventBytesDefault - 24, 'd')))),
       Reason::kEventTooLarge, "1048577 bytes encoded"},
      {"the second event is bad", absl::StrCat(Event(kType), Event("")), Reason::kEventInvalid, "event 1"},
      {"too many events", Repeat(Event(kType), 10'001), Reason::kBatchTooLarge, "at most 10000 events"},
      {"batch too large", Repeat(Event(absl::StrCat(kType, Field(0x22, std::string(920'000, 'd')))), 4),
       Reason::kBatchTooLarge, "3670016 bytes"},
      {"request far too large", std::string(4 << 20, 'x'), Reason::kBatchTooLarge, "3670016 bytes"},
  };
}

TEST(AppendValidatorTest, EveryRefusalSaysItsReason) {
  for (const Refusal& refusal : Refusals()) {
    const auto batch = ParseAppendRequest(refusal.request, nullptr, AppendLimits{});
    ASSERT_FALSE(batch.ok()) << refusal.name;
    EXPECT_TRUE(HasReason(batch.status(), refusal.reason)) << refusal.name << ": " << batch.status();
    EXPECT_TRUE(absl::StrContains(batch.status().message(), refusal.message)) << refusal.name << ": " << batch.status();
    EXPECT_FALSE(IsRetryable(batch.status())) << refusal.name;
  }
}

TEST(AppendValidatorTest, EachLimitItselfIsAllowed) {
  const std::vector<std::pair<const char*, std::string>> requests = {
      {"longest type", Event(Field(0x0a, std::string(128, 't')))},
      {"longest id", Event(absl::StrCat(kType, Field(0x12, std::string(256, 'i'))))},
      {"32 attributes", Event(absl::StrCat(kType, Attributes(32, 126)))},
      {"longest key", Event(absl::StrCat(kType, Attribute(std::string(128, 'k'), "")))},
      {"largest event", Event(absl::StrCat(kType, Field(0x22, std::string(kEventBytesDefault - 25, 'd'))))},
      {"most events", Repeat(Event(kType), 10'000)},
      {"most events of the largest batch",
       Repeat(Event(absl::StrCat(kType, Field(0x22, std::string(361, 'd')))), 10'000)},
      {"no type but at the end", Event(absl::StrCat("\x22\x01x", kType))},
      {"a number longer than need be", Event(absl::StrCat(kType, std::string("\x18\x81\x80\x00", 4)))},
  };
  for (const auto& [name, request] : requests) {
    const std::string whole = absl::StrCat(Field(0x0a, "a"), request);
    bool admitted = false;
    EXPECT_EQ(CheckAgainstParser(whole, admitted), "") << name;
    EXPECT_TRUE(admitted) << name << ": " << ParseAppendRequest(whole, nullptr, AppendLimits{}).status();
  }
}

}  // namespace
}  // namespace playhead::storage
