#include "broker/model/frame_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::model {
namespace {

using testing::BrokerCore;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A dialect for which each word of an event's data is a fact: `name` is shown in one frame, `name+` in two, `-` in
// none; `~` has a neutral value. Data that begin with `!` are damaged, and types that begin with `x` are not known.
absl::StatusOr<std::vector<Rendering>> RenderWords(const EventView& event) {
  if (!event.data.empty() && event.data[0] == '!') return absl::InvalidArgumentError("damaged");
  std::vector<Rendering> renderings;
  const std::vector<std::string> words = absl::StrSplit(event.data, ' ', absl::SkipEmpty());
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "-") continue;
    const bool is_double = words[i].back() == '+';
    const std::string name = words[i].substr(0, words[i].size() - (is_double ? 1 : 0));
    if (is_double) renderings.push_back({.name = name, .payload = "1", .step = StepOf(i, 0, false)});
    renderings.push_back(
        {.name = name, .payload = "2", .step = StepOf(i, 1, true), .has_neutral_value = name[0] == '~'});
  }
  return renderings;
}

bool MayShowWords(const EventView& event, const NameFilter& /*filter*/) { return event.type[0] != 'x'; }

constexpr RenderingDialect kWords = {"words", &RenderWords, &MayShowWords};

class FrameReaderTest : public ::testing::Test {
 protected:
  void Append(absl::string_view data, absl::string_view type = "words") {
    testing::AppendAndWait(broker_.log(), "phone", {{.type = type, .data = data}});
  }

  std::vector<Frame> ReadAfter(const Position& seen, NameFilter filter = NameFilter::All()) {
    const auto instance = broker_.Open("phone");
    const storage::Cursor after(seen.part == kWholeEvent ? seen.cursor.value() : seen.cursor.value() - 1);
    auto read = testing::Await<storage::ReadResult>(
        [&](auto done) { broker_.log().Read(instance, {.after = after, .events_max = 1000}, std::move(done)); });
    FrameReader reader(kWords, "phone", {instance->number(), seen.cursor, seen.part}, std::move(filter),
                       {not_rendered_, neutral_values_});
    reader.Add(std::move(read->slices));
    std::vector<Frame> frames;
    while (auto frame = reader.Next()) frames.push_back(*std::move(frame));
    return frames;
  }

  // "name cursor.part" of each.
  std::vector<std::string> After(uint64_t cursor, uint16_t part, NameFilter filter = NameFilter::All()) {
    std::vector<std::string> texts;
    for (const Frame& frame : ReadAfter({{}, storage::Cursor(cursor), part}, std::move(filter))) {
      texts.push_back(absl::StrCat(frame.rendering.name, " ", frame.position.cursor.value(), ".", frame.position.part));
    }
    return texts;
  }

  BrokerCore broker_;
  prometheus::Counter not_rendered_;
  prometheus::Counter neutral_values_;
};

TEST_F(FrameReaderTest, TheLastFrameOfAnEventIsBehindAllOfIt) {
  Append("a b c");
  Append("d");
  Append("e+");
  Append("f -");
  EXPECT_THAT(After(0, 0), ElementsAre("a 1.2", "b 1.4", "c 1.0", "d 2.0", "e 3.1", "e 3.0", "f 4.0"));
}

TEST_F(FrameReaderTest, GoesOnBehindAnyFrame) {
  Append("a+ b c");
  Append("d");
  const std::vector<Frame> all = ReadAfter({});
  ASSERT_EQ(all.size(), 5);
  for (size_t i = 0; i < all.size(); ++i) {
    const std::vector<Frame> rest = ReadAfter(all[i].position);
    ASSERT_EQ(rest.size(), all.size() - i - 1) << i;
    for (size_t j = 0; j < rest.size(); ++j) EXPECT_EQ(rest[j].position, all[i + 1 + j].position);
  }
}

TEST_F(FrameReaderTest, APositionOfAnotherDialectIsGoodWhateverItShows) {
  Append("a b c");
  EXPECT_THAT(After(1, 1), ElementsAre("a 1.2", "b 1.4", "c 1.0"));  // It shows two frames of a fact.
  EXPECT_THAT(After(1, 3), ElementsAre("b 1.4", "c 1.0"));
  EXPECT_THAT(After(1, 6), IsEmpty());
}

TEST_F(FrameReaderTest, WhatTheFilterLeavesOutIsBehindTheFrameBefore) {
  Append("a b");
  Append("b a");
  EXPECT_THAT(After(0, 0, NameFilter::Of({"a"})), ElementsAre("a 1.0", "a 2.0"));
  EXPECT_THAT(After(0, 0, NameFilter::Of({"c"})), IsEmpty());
}

TEST_F(FrameReaderTest, PassesOverWhatIsDamagedOrNotShown) {
  Append("!");
  Append("a");
  Append("!", "x.other");
  Append("");
  Append("~b");
  EXPECT_THAT(After(0, 0), ElementsAre("a 2.0", "~b 5.0"));
  EXPECT_EQ(not_rendered_.Value(), 1);
  EXPECT_EQ(neutral_values_.Value(), 1);
}

}  // namespace
}  // namespace playhead::broker::model
