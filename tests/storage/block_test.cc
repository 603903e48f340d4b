// Blocks: the stored bytes as documented in docs/on-disk-format.md, damage, and slices compared with a naive reading.
#include "storage/block.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;

std::string Stored(const Block& block, Codec codec) {
  const EncodedBlock encoded = EncodeBlock(block, codec);
  return absl::StrCat(encoded.header, encoded.compressed_body.empty() ? block.body() : encoded.compressed_body);
}

std::string Encoded(absl::string_view type, absl::string_view data) {
  std::string event;
  AppendEvent({.type = type, .data = data}, kEventsTag, event);
  return event.substr(2);  // Without tag and length. REQUIRES: below 128 bytes.
}

std::shared_ptr<const Block> TwoEvents() {
  BlockBuilder builder(InstanceNumber(0x0102), Cursor(3, 5), CommitPosition(7), /*log_bytes=*/1000);
  builder.Add(Encoded("a", "x"), "a", "", Timestamp(0x1112131415161718));
  builder.Add(Encoded("b", "yz"), "b", "meta", Timestamp(0x1112131415161719));
  return std::move(builder).Finish();
}

// The checksums in the stored bytes are those of XXH3_64bits_withSeed, so they pin the algorithm too.
constexpr absl::string_view kTwoEventsPlain =
    "01"                                // format
    "00"                                // codec: plain
    "6300"                              // header bytes: 99
    "02000000"                          // event count
    "74056c19070e83ed"                  // checksum
    "0201000000000000"                  // instance
    "0500000000030000"                  // first cursor: epoch 3, sequence 5
    "1817161514131211"                  // first appended_at
    "1917161514131211"                  // last appended_at
    "0700000000000000"                  // commit
    "1d04000000000000"                  // log bytes: 1000 + 53
    "35000000"                          // body bytes: 53
    "00000000"                          // dictionary: none
    "00000000000000000000000000000000"  // chain hash
    "02"                                // two types:
    "0161"                              //   a
    "00"                                //     with no dialect
    "0162"                              //   b
    "046d657461"                        //     with dialect meta
    "0a18"                              // event of 24 bytes:
    "0a0161"                            //   type
    "220178"                            //   data
    "710500000000030000"                //   cursor
    "791817161514131211"                //   appended_at
    "0a19"                              // event of 25 bytes
    "0a0162"
    "2202797a"
    "710600000000030000"
    "791917161514131211";

TEST(BlockTest, PlainBlockHasTheseBytes) {
  EXPECT_EQ(absl::BytesToHexString(Stored(*TwoEvents(), Codec::kNone)), kTwoEventsPlain);
}

TEST(BlockTest, TheseBytesAreAPlainBlock) {
  const auto block = Block::Decode(InstanceNumber(0x0102), absl::HexStringToBytes(kTwoEventsPlain));
  ASSERT_TRUE(block.ok()) << block.status();
  const BlockHeader& header = (*block)->header();
  EXPECT_EQ(header.first, Cursor(3, 5));
  EXPECT_EQ(header.last(), Cursor(3, 6));
  EXPECT_EQ(header.commit, CommitPosition(7));
  EXPECT_EQ(header.log_bytes, 1000 + (*block)->body().size());
  EXPECT_EQ(header.first_appended_at.micros(), 0x1112131415161718);
  EXPECT_EQ(header.last_appended_at.micros(), 0x1112131415161719);
  EXPECT_EQ((*block)->body(), TwoEvents()->body());
  ASSERT_EQ(header.types.entries().size(), 2u);
  EXPECT_EQ(header.types.entries()[1].type, "b");
  EXPECT_EQ(header.types.entries()[1].dialect, "meta");
}

// One event of 300 equal bytes. LZ4's choice of matches is the library's own, so these bytes pin the reader; that the
// writer's bytes can be read is shown below.
constexpr absl::string_view kOneEventLz4 =
    "01015c00010000005aca71ce95837d0801000000000000000100000000000000010000000000000001000000000000000100000000000000"
    "470100000000000047010000000000000000000000000000000000000000000001016100"
    "af0ac4020a016122ac02780100ff1932710100010090790100000000000000";

std::shared_ptr<const Block> OneLargeEvent() {
  BlockBuilder builder(InstanceNumber(1), Cursor(1), CommitPosition(1), 0);
  std::string event;
  AppendEvent({.type = "a", .data = std::string(300, 'x')}, kEventsTag, event);
  builder.Add(absl::string_view(event).substr(3), "a", "", Timestamp(1));
  return std::move(builder).Finish();
}

TEST(BlockTest, TheseBytesAreACompressedBlock) {
  const std::string stored = absl::HexStringToBytes(kOneEventLz4);
  const auto block = Block::Decode(InstanceNumber(1), stored);
  ASSERT_TRUE(block.ok()) << block.status() << " " << absl::BytesToHexString(Stored(*OneLargeEvent(), Codec::kLz4));
  EXPECT_EQ(stored[1], 1) << "codec";
  EXPECT_EQ((*block)->body(), OneLargeEvent()->body());
}

TEST(BlockTest, MoreTypesThanASummaryHoldsAreStoredAsMany) {
  BlockBuilder builder(InstanceNumber(1), Cursor(1), CommitPosition(1), 0);
  for (size_t i = 0; i <= TypeSummary::kEntriesMax; ++i) {
    const std::string type = absl::StrCat("t", i);
    builder.Add(Encoded(type, ""), type, "", Timestamp(1));
  }
  const std::string stored = Stored(*std::move(builder).Finish(), Codec::kNone);
  EXPECT_EQ(absl::BytesToHexString(stored.substr(0, 4)), "01005900") << "header bytes: 89";
  EXPECT_EQ(static_cast<uint8_t>(stored[88]), 0xff);
  const auto header = Block::DecodeHeader(stored);
  ASSERT_TRUE(header.ok());
  EXPECT_TRUE(header->types.many());
}

TEST(BlockTest, ManyTypesWithAHiddenOneAmongThemSaySo) {
  for (const size_t at : {size_t{0}, TypeSummary::kEntriesMax, TypeSummary::kEntriesMax + 5}) {
    BlockBuilder builder(InstanceNumber(1), Cursor(1), CommitPosition(1), 0);
    for (size_t i = 0; i < TypeSummary::kEntriesMax + 10; ++i) {
      const std::string type = i == at ? "playhead.hidden.x" : absl::StrCat("t", i);
      builder.Add(Encoded(type, ""), type, "", Timestamp(1));
    }
    const std::string stored = Stored(*std::move(builder).Finish(), Codec::kNone);
    EXPECT_EQ(static_cast<uint8_t>(stored[88]), 0xfe) << at;
    const auto header = Block::DecodeHeader(stored);
    ASSERT_TRUE(header.ok());
    EXPECT_TRUE(header->types.many());
    EXPECT_TRUE(header->types.hidden());
    EXPECT_EQ(header->types.Matches(EventFilter()), TypeSummary::Match::kSome);
  }
}

TEST(BlockTest, BodyThatDoesNotShrinkIsStoredPlain) {
  Random random(1);
  std::string noise;
  for (int i = 0; i < 5000; ++i) noise.push_back(static_cast<char>(random.Below(256)));
  BlockBuilder builder(InstanceNumber(1), Cursor(1), CommitPosition(1), 0);
  std::string event;
  AppendEvent({.type = "a", .data = noise}, kEventsTag, event);
  builder.Add(absl::string_view(event).substr(3), "a", "", Timestamp(1));
  EXPECT_EQ(Stored(*std::move(builder).Finish(), Codec::kLz4)[1], 0);
}

TEST(BlockTest, EveryFlippedBitOfAStoredBlockIsFound) {
  for (const auto& [block, codec] : {std::pair(TwoEvents(), Codec::kNone), std::pair(OneLargeEvent(), Codec::kLz4)}) {
    const InstanceNumber instance = block->header().instance;
    std::string stored = Stored(*block, codec);
    ASSERT_TRUE(Block::Decode(instance, stored).ok());
    for (size_t bit = 0; bit < stored.size() * 8; ++bit) {
      stored[bit / 8] = static_cast<char>(stored[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_TRUE(HasReason(Block::Decode(instance, stored).status(), Reason::kDataLoss)) << "bit " << bit;
      Block::DecodeHeader(stored).status().IgnoreError();  // Need not notice, but must not stumble.
      stored[bit / 8] = static_cast<char>(stored[bit / 8] ^ (1 << (bit % 8)));
    }
    for (size_t size = 0; size < stored.size(); ++size) {
      EXPECT_FALSE(Block::Decode(instance, stored.substr(0, size)).ok()) << "cut to " << size;
    }
    EXPECT_FALSE(Block::Decode(instance, absl::StrCat(stored, "x")).ok());
    EXPECT_FALSE(Block::Decode(InstanceNumber(instance.value() + 1), stored).ok()) << "another instance's block";
  }
}

// By the library's other way to compute it: all at once, with nothing kept in between.
TEST(BlockTest, ChecksumIsThatOfTheBytesBehindItSeededWithThoseBefore) {
  Random random(TestSeed());
  for (int round = 0; round < 2000; ++round) {
    BlockBuilder builder(InstanceNumber(1), Cursor(1 + random.Below(100)), CommitPosition(1), 0);
    std::string event;
    AppendEvent({.type = "a", .data = std::string(random.Skewed(20'000), 'x')}, kEventsTag, event);
    absl::string_view rest = event;
    builder.Add(*ConsumeEvent(rest), "a", "", Timestamp(1));
    const std::string stored = Stored(*std::move(builder).Finish(), random.OneIn(2) ? Codec::kLz4 : Codec::kNone);
    uint64_t seed;
    uint64_t checksum;
    std::memcpy(&seed, stored.data(), sizeof(seed));
    std::memcpy(&checksum, stored.data() + 8, sizeof(checksum));
    ASSERT_EQ(checksum, XXH3_64bits_withSeed(stored.data() + 16, stored.size() - 16, seed)) << "round " << round;
  }
}

// What SliceBlock and SliceBlockReverse must do, one event at a time.
struct NaiveEvent {
  Cursor cursor;
  std::string type;
  std::string id;
  std::string framed;
};

struct NaiveSlice {
  std::string bytes;
  uint32_t event_count = 0;
  Cursor done;
};

template <typename Events>
NaiveSlice SliceNaively(const Events& events, Cursor after, Cursor until, const EventFilter& filter, ReadBudget budget,
                        Cursor done) {
  NaiveSlice out;
  out.done = done;
  for (const NaiveEvent& event : events) {
    if (event.cursor <= after || event.cursor > until) continue;
    if (filter.MatchesType(event.type) && absl::StartsWith(event.id, filter.id_prefix())) {
      if (budget.events == 0 || (event.framed.size() > budget.bytes && budget.took_any)) return out;
      --budget.events;
      budget.bytes -= std::min(budget.bytes, event.framed.size());
      budget.took_any = true;
      out.bytes += event.framed;
      ++out.event_count;
    }
    out.done = event.cursor;
  }
  return out;
}

class SliceTest : public ::testing::Test {
 protected:
  void MakeBlock(size_t events_max, size_t types) {
    events_.clear();
    const bool with_hidden = random_.OneIn(3);
    const Cursor first(static_cast<uint32_t>(random_.Below(3)), 1 + random_.Below(5));
    BlockBuilder builder(InstanceNumber(1), first, CommitPosition(1), 0);
    const size_t count = 1 + random_.Below(events_max);
    for (size_t i = 0; i < count; ++i) {
      // Types and ids of more than 127 bytes have a length of two bytes.
      std::string type = absl::StrCat(std::string(random_.OneIn(50) ? 120 : 1, 't'), random_.Below(types),
                                      random_.OneIn(2) ? "" : "q");
      if (with_hidden && random_.OneIn(4)) type = absl::StrCat(kHiddenTypePrefix, random_.Below(2));
      std::string id = random_.OneIn(3) ? "" : absl::StrCat("i", random_.Below(3), random_.OneIn(2) ? "" : "\x22");
      if (random_.OneIn(20)) id.append(150, 'i');
      std::string event;
      // The type does not come first in every event.
      const std::string data(random_.Skewed(300), 'd');
      NewEvent written{.type = type, .data = data, .id = id};
      AppendEvent(written, kEventsTag, event);
      absl::string_view encoded = event;
      encoded = *ConsumeEvent(encoded);
      std::string reordered;
      if (random_.OneIn(3)) {
        AppendEvent({.type = "", .data = written.data, .id = id}, kEventsTag,
                    reordered);  // An empty type, and then the real one.
        absl::string_view body = reordered;
        reordered =
            absl::StrCat(ConsumeEvent(body)->substr(2), encoded.substr(0, 1 + VarintBytes(type.size()) + type.size()));
        encoded = reordered;
      }
      builder.Add(encoded, type, "", Timestamp(1));
      events_.push_back({first + i, type, id, ""});
    }
    block_ = std::move(builder).Finish();
    absl::string_view rest = block_->body();
    for (NaiveEvent& event : events_) {
      const absl::string_view before = rest;
      ASSERT_TRUE(ConsumeEvent(rest).has_value());
      event.framed = std::string(before.substr(0, before.size() - rest.size()));
    }
    ASSERT_TRUE(rest.empty());
  }

  Cursor AnyCursor() { return Cursor(static_cast<uint32_t>(random_.Below(4)), random_.Below(events_.size() + 12)); }

  EventFilter AnyFilter() {
    std::vector<std::string> patterns;
    for (uint64_t n = random_.Below(4); n > 0; --n) {
      patterns.push_back(absl::StrCat(random_.OneIn(4) ? std::string(kHiddenTypePrefix) : "t", random_.Below(20),
                                      random_.OneIn(2) ? "*" : ""));
    }
    if (random_.OneIn(5)) patterns.push_back(random_.OneIn(2) ? "*" : absl::StrCat(kHiddenTypePrefix, "*"));
    const std::vector<std::string> prefixes = {"", "", "i", "i1", "i2\x22", "i0iiii", std::string(200, 'i')};
    return *EventFilter::Make(std::vector<absl::string_view>(patterns.begin(), patterns.end()),
                              prefixes[random_.Below(prefixes.size())]);
  }

  Random random_{TestSeed()};
  std::vector<NaiveEvent> events_;
  std::shared_ptr<const Block> block_;
};

TEST_F(SliceTest, SlicesAreWhatANaiveReadingGives) {
  for (int round = 0; round < 30'000; ++round) {
    if (round % 20 == 0) MakeBlock(/*events_max=*/40, /*types=*/random_.OneIn(2) ? 3 : 30);
    const Cursor after = AnyCursor();
    const Cursor until = AnyCursor();
    const EventFilter filter = AnyFilter();
    const ReadBudget budget{static_cast<uint32_t>(random_.Skewed(50)), random_.Skewed(8000), random_.OneIn(2)};
    std::string bytes;
    uint32_t event_count = 0;
    std::vector<BlockSlice> slices;
    ReadBudget left = budget;
    const bool reverse = random_.OneIn(2);
    const Cursor done = reverse ? SliceBlockReverse(block_, after, until, filter, left, slices)
                                : SliceBlock(block_, after, until, filter, left, slices);
    for (const BlockSlice& slice : slices) {
      bytes.append(slice.bytes.data(), slice.bytes.size());
      event_count += slice.event_count;
    }
    const std::vector<NaiveEvent> backwards(events_.rbegin(), events_.rend());
    const NaiveSlice expected = reverse ? SliceNaively(backwards, after, until, filter, budget, Cursor())
                                        : SliceNaively(events_, after, until, filter, budget, after);
    ASSERT_EQ(bytes, expected.bytes) << "round " << round;
    ASSERT_EQ(event_count, expected.event_count) << "round " << round;
    ASSERT_EQ(done, expected.done) << "round " << round << (reverse ? " reverse" : "");
    ASSERT_EQ(left.events, budget.events - event_count);
  }
}

}  // namespace
}  // namespace playhead::storage
