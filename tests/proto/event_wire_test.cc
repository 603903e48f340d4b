// Events that are read and written in place, compared with the generated classes.
#include "proto/event_wire.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.pb.h"
#include "tests/support/seed.h"

namespace playhead {
namespace {

using testing::Random;
using testing::TestSeed;

std::string RandomBytes(Random& random, uint64_t size_max) {
  std::string bytes;
  for (uint64_t n = random.Skewed(size_max); n > 0; --n) bytes.push_back(static_cast<char>(random.Below(128)));
  return bytes;
}

v1::Event RandomEvent(Random& random) {
  v1::Event event;
  event.set_type(RandomBytes(random, 150));
  event.set_id(RandomBytes(random, 300));
  if (random.OneIn(2)) event.set_created_at(static_cast<int64_t>(random.Below(UINT64_MAX) >> random.Below(64)));
  event.set_data(RandomBytes(random, 20'000));
  for (uint64_t n = random.Skewed(5); n > 0; --n) {
    (*event.mutable_attributes())[RandomBytes(random, 40)] = RandomBytes(random, 200);
  }
  if (random.OneIn(2)) event.set_cursor(random.Below(UINT64_MAX));
  if (random.OneIn(2)) event.set_appended_at(static_cast<int64_t>(random.Below(UINT64_MAX)));
  return event;
}

void ExpectSame(const EventView& view, const v1::Event& event) {
  ASSERT_EQ(view.type, event.type());
  ASSERT_EQ(view.id, event.id());
  ASSERT_EQ(view.created_at, event.created_at());
  ASSERT_EQ(view.data, event.data());
  ASSERT_EQ(view.cursor, event.cursor());
  ASSERT_EQ(view.appended_at, event.appended_at());
  ASSERT_EQ(view.attributes.size(), event.attributes().size());
  for (const auto& [key, value] : view.attributes) ASSERT_EQ(event.attributes().at(std::string(key)), value);
}

TEST(EventWireTest, ReadsInPlaceWhatTheGeneratedClassWrites) {
  Random random(TestSeed());
  for (int round = 0; round < 2000; ++round) {
    const v1::Event event = RandomEvent(random);
    std::string bytes = event.SerializeAsString();
    if (random.OneIn(3)) {
      // Fields of a later version: a varint, eight bytes, text, four bytes.
      const char* const fields[] = {"\xf8\x01\x05", "\xf9\x01\x31\x32\x33\x34\x35\x36\x37\x38", "\xfa\x01\x02xx",
                                    "\xfd\x01\x31\x32\x33\x34"};
      bytes.insert(random.OneIn(2) ? 0 : bytes.size(), fields[random.Below(4)]);
    }
    EventView view;
    ASSERT_TRUE(view.Parse(bytes));
    ExpectSame(view, event);
  }
}

TEST(EventWireTest, TheGeneratedClassReadsWhatIsWritten) {
  Random random(TestSeed());
  for (int round = 0; round < 2000; ++round) {
    const v1::Event event = RandomEvent(random);
    NewEvent written{.type = event.type(), .data = event.data(), .id = event.id(), .created_at = event.created_at()};
    for (const auto& [key, value] : event.attributes()) written.attributes.emplace_back(key, value);
    std::string bytes;
    const int count = 1 + static_cast<int>(random.Below(3));
    for (int i = 0; i < count; ++i) AppendEvent(written, kEventsTag, bytes);
    v1::FetchMissedResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    ASSERT_EQ(response.events_size(), count);
    v1::Event expected = event;
    expected.clear_cursor();
    expected.clear_appended_at();
    for (const v1::Event& read : response.events()) {
      EventView view;
      const std::string alone = read.SerializeAsString();
      ASSERT_TRUE(view.Parse(alone));
      ExpectSame(view, expected);
    }
    absl::string_view rest = bytes;
    for (int i = 0; i < count; ++i) ASSERT_TRUE(ConsumeEvent(rest).has_value());
    ASSERT_TRUE(rest.empty());
  }
}

TEST(EventWireTest, NoCutEventIsReadBeyondItsEnd) {
  Random random(TestSeed());
  for (int round = 0; round < 200; ++round) {
    v1::Event event = RandomEvent(random);
    event.mutable_data()->resize(std::min<size_t>(event.data().size(), 50));
    const std::string whole = event.SerializeAsString();
    for (size_t size = 0; size < whole.size(); ++size) {
      // A buffer of its own, so that the address sanitizer sees every step beyond it.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EventView view;
      v1::Event parsed;
      const bool good = parsed.ParseFromArray(cut.data(), static_cast<int>(cut.size()));
      ASSERT_EQ(view.Parse(absl::string_view(cut.data(), cut.size())), good) << "cut to " << size;
      if (good) ExpectSame(view, parsed);
    }
  }
}

TEST(EventWireTest, VarintsAreThoseOfTheWireFormat) {
  const uint64_t values[] = {0, 1, 127, 128, 300, 16'383, 16'384, UINT32_MAX, uint64_t{1} << 53, UINT64_MAX};
  for (const uint64_t value : values) {
    std::string bytes;
    AppendVarint(value, bytes);
    EXPECT_EQ(bytes.size(), VarintBytes(value));
    absl::string_view rest = bytes;
    EXPECT_EQ(ConsumeVarint(rest), value);
    EXPECT_TRUE(rest.empty());
    for (size_t size = 0; size < bytes.size(); ++size) {
      absl::string_view cut = absl::string_view(bytes).substr(0, size);
      EXPECT_EQ(ConsumeVarint(cut), std::nullopt);
    }
  }
  absl::string_view over_64_bits = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
  EXPECT_EQ(ConsumeVarint(over_64_bits), std::nullopt);
  absl::string_view eleven_bytes = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
  EXPECT_EQ(ConsumeVarint(eleven_bytes), std::nullopt);
}

TEST(EventWireTest, ConsumeEventStopsAtWhatIsNoEvent) {
  for (const char* bytes : {"\x12\x01x", "\x0a", "\x0a\x05x", "\x0a\x80"}) {
    absl::string_view rest = bytes;
    EXPECT_EQ(ConsumeEvent(rest), std::nullopt);
    EXPECT_FALSE(rest.empty());
  }
}

TEST(EventWireTest, ContentIsTypeDataAndAttributesInAnyOrder) {
  const EventView a{.type = "t", .id = "1", .created_at = 5, .data = "d", .attributes = {{"k", "1"}, {"l", "2"}}};
  EventView b = a;
  b.id = "2";
  b.created_at = 6;
  b.cursor = 9;
  b.appended_at = 10;
  b.attributes = {{"l", "2"}, {"k", "1"}};
  EXPECT_TRUE(SameContent(a, b));
  b.attributes = {{"l", "2"}, {"k", "2"}};
  EXPECT_FALSE(SameContent(a, b));
  b = a;
  b.attributes.pop_back();
  EXPECT_FALSE(SameContent(a, b));
  b = a;
  b.type = "u";
  EXPECT_FALSE(SameContent(a, b));
  b = a;
  b.data = "e";
  EXPECT_FALSE(SameContent(a, b));
}

}  // namespace
}  // namespace playhead
