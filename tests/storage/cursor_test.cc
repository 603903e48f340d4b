// Cursors as text, and a log's epochs.
#include "storage/cursor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TestSeed;

TEST(EventIdTest, TextIsPinned) {
  EXPECT_EQ((EventId{InstanceNumber(1), Cursor(1), 0}).ToString(), "evt_00000000010000000000002000");
  EXPECT_EQ((EventId{InstanceNumber(InstanceNumber::kMax), Cursor(Cursor::kEpochMax, Cursor::kSequenceMax), 0xffff})
                .ToString(),
            "evt_7ZZZZZZZZZ00FZZZZZZZZZZZZZ");
}

TEST(EventIdTest, EveryPositionSurvivesTheTripThroughText) {
  Random random(TestSeed());
  for (int i = 0; i < 20'000; ++i) {
    const EventId id{InstanceNumber(random.Below(InstanceNumber::kMax) >> random.Below(48)),
                     Cursor(static_cast<uint32_t>(random.Below(Cursor::kEpochMax + 1)),
                            random.Below(Cursor::kSequenceMax) >> random.Below(40)),
                     static_cast<uint16_t>(random.Below(65536))};
    const std::string text = id.ToString();
    ASSERT_EQ(text.size(), 30u);
    ASSERT_EQ(EventId::Parse(text), id) << text;
    std::string lower = text.substr(4);
    absl::AsciiStrToLower(&lower);
    ASSERT_EQ(EventId::Parse(absl::StrCat("evt_", lower)), id);
    for (char& c : lower) {
      if (c == '1') c = random.OneIn(2) ? 'l' : 'I';
      if (c == '0') c = random.OneIn(2) ? 'o' : 'O';
    }
    ASSERT_EQ(EventId::Parse(absl::StrCat("evt_", lower)), id) << "look-alikes";
  }
}

TEST(EventIdTest, AnythingElseIsNoPosition) {
  const std::string good = EventId{InstanceNumber(5), Cursor(1, 7), 0}.ToString();
  const std::vector<std::string> bad = {
      "",
      "evt_",
      good.substr(0, 29),
      absl::StrCat(good, "0"),
      absl::StrCat("Evt_", good.substr(4)),
      absl::StrCat("evt-", good.substr(4)),
      absl::StrCat(good.substr(0, 29), "U"),
      absl::StrCat(good.substr(0, 29), "-"),
      absl::StrCat(good.substr(0, 29), "\xc3"),
      absl::StrCat(good.substr(0, 29), std::string(1, '\0')),
      absl::StrCat("evt_8", good.substr(5)),        // Over 128 bits.
      absl::StrCat("evt_", std::string(26, 'Z')),   // Over 128 bits.
      absl::StrCat("evt_7", std::string(25, 'Z')),  // An epoch beyond the highest.
  };
  for (const std::string& text : bad) EXPECT_FALSE(EventId::Parse(text).has_value()) << text;
}

TEST(EventIdTest, NoTwoTextsOfOneCaseMeanTheSamePosition) {
  const std::string good = EventId{InstanceNumber(5), Cursor(1, 7), 3}.ToString();
  for (size_t at = 4; at < good.size(); ++at) {
    for (const char c : absl::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) {
      std::string text = good;
      text[at] = c;
      const auto id = EventId::Parse(text);
      EXPECT_TRUE(!id || id->ToString() == text) << text;
    }
  }
}

// A log as a list: which cursors it has ever had, in order; and the epochs it went through, some without an event.
struct NaiveLog {
  std::vector<Cursor> events;
  EpochHistory epochs;
  Cursor head() const { return events.empty() ? Cursor() : events.back(); }

  // A cursor is of this log if it is one of its events, or the beginning.
  bool Has(Cursor cursor) const {
    return cursor == Cursor() || std::find(events.begin(), events.end(), cursor) != events.end();
  }
  // Whoever holds `cursor` has seen what the log held when its epoch was the newest, and maybe more that is lost.
  Cursor LastGood(Cursor cursor) const {
    if (Has(cursor)) return cursor;
    Cursor last;
    for (const Cursor event : events) {
      if (event.epoch() <= cursor.epoch()) last = event;
    }
    // A cursor that claims an epoch but lies before that epoch began agrees up to the end of the epoch before.
    if (!events.empty() && cursor.sequence() < last.sequence()) {
      Cursor before;
      for (const Cursor event : events) {
        if (event.epoch() < cursor.epoch()) before = event;
      }
      if (cursor.sequence() <= before.sequence()) return before;
    }
    return last;
  }
};

NaiveLog RandomLog(Random& random) {
  NaiveLog log;
  uint32_t epoch = static_cast<uint32_t>(random.Below(3));
  for (uint64_t epochs = random.Below(5); epochs > 0; --epochs) {
    for (uint64_t n = random.Below(5); n > 0; --n) {
      if (log.head() != Cursor() && log.head().epoch() != epoch) {
        log.epochs.Add(log.head().epoch(), log.head().sequence());
      }
      log.events.push_back(Cursor(epoch, log.head().sequence() + 1));
    }
    epoch += 1 + static_cast<uint32_t>(random.Below(3));
  }
  return log;
}

TEST(EpochHistoryTest, AnswersAsAListOfAllCursorsWould) {
  Random random(TestSeed());
  for (int round = 0; round < 3000; ++round) {
    const NaiveLog log = RandomLog(random);
    const Cursor head = log.head();
    for (uint64_t i = 1; i <= log.events.size(); ++i) {
      ASSERT_EQ(log.epochs.AtSequence(i, head), log.events[i - 1]);
      ASSERT_EQ(log.epochs.Previous(log.events[i - 1]), i == 1 ? Cursor() : log.events[i - 2]);
    }
    ASSERT_EQ(log.epochs.AtSequence(0, head), Cursor());
    for (uint32_t epoch = 0; epoch < head.epoch() + 2; ++epoch) {
      for (uint64_t sequence = 0; sequence < log.events.size() + 3; ++sequence) {
        const Cursor cursor(epoch, sequence);
        const Cursor last_good = log.epochs.LastGood(cursor, head);
        ASSERT_EQ(last_good == cursor, log.Has(cursor)) << "epoch " << epoch << " sequence " << sequence;
        ASSERT_TRUE(log.Has(last_good));
        ASSERT_EQ(last_good, log.LastGood(cursor)) << "epoch " << epoch << " sequence " << sequence;
      }
    }
  }
}

}  // namespace
}  // namespace playhead::storage
