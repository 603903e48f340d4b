// The contract of the EventLog on RocksDB: appends, identities, reads, trims, deletion, reopening.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EventLogTest : public ::testing::Test {
 protected:
  // What is in the log, as data.
  std::vector<std::string> DataOf(absl::string_view name, Cursor after = Cursor()) {
    const auto events = harness_.ReadAll(name, after);
    EXPECT_TRUE(events.ok()) << events.status();
    std::vector<std::string> data;
    for (const TestEvent& event : *events) data.push_back(event.data);
    return data;
  }

  std::vector<uint64_t> CursorsOf(absl::string_view name) {
    const auto events = harness_.ReadAll(name);
    EXPECT_TRUE(events.ok()) << events.status();
    std::vector<uint64_t> cursors;
    for (const TestEvent& event : *events) cursors.push_back(event.cursor);
    return cursors;
  }

  LogHarness harness_;
};

TEST_F(EventLogTest, AppendedEventsComeBackByteForByteWithContiguousCursors) {
  const auto first = harness_.Append("a", {{.type = "x", .data = "1", .attributes = {{"k", "v"}}}, {.data = "2"}});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->first_new, Cursor(1));
  EXPECT_EQ(first->head, Cursor(2));
  const auto second = harness_.Append("a", {{.data = "3"}});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->first_new, Cursor(3));
  const auto events = harness_.ReadAll("a");
  ASSERT_TRUE(events.ok());
  ASSERT_THAT(*events, SizeIs(3));
  EXPECT_EQ((*events)[0].type, "x");
  EXPECT_EQ((*events)[0].cursor, 1u);
  EXPECT_GT((*events)[0].appended_at, 0);
  EXPECT_THAT((*events)[0].attributes, ElementsAre(std::make_pair("k", "v")));
  EXPECT_EQ((*events)[2].data, "3");
}

TEST_F(EventLogTest, EverythingIsThereAfterReopening) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(harness_.Append(absl::StrCat("i", i % 7), MakeEvents(3)).ok());
  std::vector<std::vector<std::string>> before;
  for (int i = 0; i < 7; ++i) before.push_back(DataOf(absl::StrCat("i", i)));
  harness_.Reopen();
  for (int i = 0; i < 7; ++i) EXPECT_EQ(DataOf(absl::StrCat("i", i)), before[static_cast<size_t>(i)]);
  const auto next = harness_.Append("i0", {{.data = "next"}});
  EXPECT_EQ(next->first_new.value(), before[0].size() + 1);
}

TEST_F(EventLogTest, ExpectedCursorMustBeTheHead) {
  AppendBatch batch = MakeBatch("a", {{.data = "1"}});
  batch.expected_cursor = Cursor(5);
  EXPECT_TRUE(HasReason(harness_.Append(batch.instance, {}).status(), Reason::kBatchEmpty));
  EXPECT_TRUE(HasReason(harness_.Append(std::move(batch)).status(), Reason::kCursorMismatch));
  EXPECT_TRUE(HasReason(harness_.Get("a").status(), Reason::kInstanceNotFound)) << "a refused append makes nothing";
  batch = MakeBatch("a", {{.data = "1"}});
  batch.expected_cursor = Cursor();
  EXPECT_TRUE(harness_.Append(std::move(batch)).ok());
  EXPECT_THAT(DataOf("a"), ElementsAre("1"));
}

TEST_F(EventLogTest, RepeatedIdIsStoredOnceAndAnswersTheFirstCursor) {
  ASSERT_TRUE(harness_.Append("a", {{.data = "1", .id = "x"}, {.data = "2", .id = "y"}}).ok());
  for (int round = 0; round < 2; ++round) {
    const auto again = harness_.Append("a", {{.data = "2", .id = "y"}, {.data = "3", .id = absl::StrCat("z", round)}});
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(again->is_duplicate(0));
    EXPECT_EQ(again->duplicates_at[0], Cursor(2));
    EXPECT_FALSE(again->is_duplicate(1));
    EXPECT_EQ(again->first_new.value(), 3u + static_cast<uint64_t>(round));
    harness_.Reopen();
  }
  EXPECT_TRUE(HasReason(harness_.Append("a", {{.data = "other", .id = "x"}}).status(), Reason::kIdConflict));
  EXPECT_TRUE(harness_.Append("b", {{.data = "other", .id = "x"}}).ok()) << "ids are an instance's own";
  EXPECT_THAT(DataOf("a"), ElementsAre("1", "2", "3", "3"));
}

TEST_F(EventLogTest, InsideABatchTheFirstOfAnIdWins) {
  const auto result = harness_.Append("a", {{.data = "1", .id = "x"}, {.data = "1", .id = "x"}, {.data = "2"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->duplicates_at[1], Cursor(1));
  EXPECT_THAT(DataOf("a"), ElementsAre("1", "2"));
  EXPECT_TRUE(HasReason(harness_.Append("a", {{.data = "1", .id = "q"}, {.data = "2", .id = "q"}}).status(),
                        Reason::kIdConflict));
}

TEST_F(EventLogTest, PartialDuplicateWithExpectedCursorIsRefused) {
  ASSERT_TRUE(harness_.Append("a", {{.data = "1", .id = "x"}}).ok());
  AppendBatch batch = MakeBatch("a", {{.data = "1", .id = "x"}, {.data = "2"}});
  batch.expected_cursor = Cursor(1);
  EXPECT_TRUE(HasReason(harness_.Append(std::move(batch)).status(), Reason::kPartialDuplicate));
  batch = MakeBatch("a", {{.data = "1", .id = "x"}});
  batch.expected_cursor = Cursor(77);
  EXPECT_TRUE(harness_.Append(std::move(batch)).ok()) << "identities are judged first";
}

TEST_F(EventLogTest, WhatIsToRefuseTheNewLetsRepetitionsThrough) {
  const auto append = [&](const std::vector<TestEvent>& events, std::optional<ProducerSequence> producer) {
    AppendBatch batch = MakeBatch("a", events);
    batch.producer = std::move(producer);
    batch.refuse_new = MakeError(Reason::kQuotaExceeded, "it is full");
    return harness_.Append(std::move(batch));
  };
  AppendBatch first = MakeBatch("a", {{.data = "1"}, {.data = "2", .id = "x"}});
  first.producer = ProducerSequence{"p", 1};
  ASSERT_TRUE(harness_.Append(std::move(first)).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(append({{.data = "1"}, {.data = "2", .id = "x"}}, ProducerSequence{"p", 1})->duplicates_at,
                ElementsAre(Cursor(1), Cursor(2)));
    EXPECT_THAT(append({{.data = "2", .id = "x"}}, std::nullopt)->duplicates_at, ElementsAre(Cursor(2)));
    EXPECT_TRUE(HasReason(append({{.data = "1"}}, std::nullopt).status(), Reason::kQuotaExceeded));
    EXPECT_TRUE(HasReason(append({{.data = "3"}}, ProducerSequence{"p", 3}).status(), Reason::kQuotaExceeded));
    EXPECT_TRUE(HasReason(append({{.data = "2", .id = "x"}, {.data = "3", .id = "y"}}, std::nullopt).status(),
                          Reason::kQuotaExceeded))
        << "a batch is all or nothing";
    harness_.Reopen();
  }
  EXPECT_THAT(CursorsOf("a"), SizeIs(2));
}

TEST_F(EventLogTest, ProducerSequencesAreStoredOnceInOrderAndAnswerTheirCursors) {
  const auto append = [&](uint64_t sequence, int count, absl::string_view prefix) {
    AppendBatch batch = MakeBatch("a", MakeEvents(count, prefix));
    batch.producer = ProducerSequence{"p", sequence};
    return harness_.Append(std::move(batch));
  };
  ASSERT_TRUE(append(1, 3, "x").ok());
  ASSERT_TRUE(harness_.Append("a", {{.data = "between"}}).ok());
  ASSERT_TRUE(append(4, 2, "y").ok());
  for (int round = 0; round < 2; ++round) {
    const auto again = append(4, 2, "y");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_THAT(again->duplicates_at, ElementsAre(Cursor(5), Cursor(6)));
    EXPECT_EQ(append(1, 3, "x")->duplicates_at[2], Cursor(3));
    const auto conflict = append(1, 3, "other");
    EXPECT_TRUE(HasReason(conflict.status(), Reason::kIdConflict));
    EXPECT_EQ(ToProto(conflict.status()).next_sequence(), 6u);
    const auto gap = append(7, 1, "z");
    EXPECT_TRUE(HasReason(gap.status(), Reason::kSequenceGap));
    EXPECT_EQ(ToProto(gap.status()).next_sequence(), 6u);
    harness_.Reopen();
  }
  EXPECT_THAT(CursorsOf("a"), SizeIs(6));
}

TEST_F(EventLogTest, ConcurrentRepetitionsOfOneProducerStoreOnce) {
  for (uint64_t sequence = 1; sequence <= 200; ++sequence) {
    std::vector<std::unique_ptr<AppendSession>> sessions;
    std::vector<absl::StatusOr<AppendResult>> results(4);
    std::atomic<int> left{4};
    for (auto& result : results) {
      sessions.push_back(harness_.log().NewAppendSession());
      AppendBatch batch = MakeBatch("a", {{.data = absl::StrCat(sequence), .id = absl::StrCat("id", sequence)}});
      if (sequence % 2 == 0) batch.producer = ProducerSequence{"p", sequence / 2};
      sessions.back()->Append(std::move(batch), [&](absl::StatusOr<AppendResult> answer) {
        result = std::move(answer);
        if (--left == 0) left.notify_all();
      });
    }
    for (int now = left; now != 0; now = left) left.wait(now);
    int stored = 0;
    for (const auto& result : results) {
      ASSERT_TRUE(result.ok()) << result.status();
      stored += result->is_duplicate(0) ? 0 : 1;
      EXPECT_EQ(result->is_duplicate(0) ? result->duplicates_at[0] : result->first_new, Cursor(sequence));
    }
    EXPECT_EQ(stored, 1);
  }
}

TEST_F(EventLogTest, SessionRefusesEverythingBehindARefusal) {
  auto session = harness_.log().NewAppendSession();
  ASSERT_TRUE(harness_.AppendOn(*session, MakeBatch("a", {{.data = "1"}})).ok());
  AppendBatch wrong = MakeBatch("a", {{.data = "2"}});
  wrong.expected_cursor = Cursor(9);
  EXPECT_TRUE(HasReason(harness_.AppendOn(*session, std::move(wrong)).status(), Reason::kCursorMismatch));
  EXPECT_TRUE(
      HasReason(harness_.AppendOn(*session, MakeBatch("b", {{.data = "3"}})).status(), Reason::kPreviousFailed));
  EXPECT_THAT(DataOf("a"), ElementsAre("1"));
}

TEST_F(EventLogTest, TrimIsExactAndKeepsTheHead) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(100)).ok());
  ASSERT_TRUE(harness_.Trim("a", Cursor(51)).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(HasReason(harness_.ReadAll("a").status(), Reason::kCursorTrimmed));
    EXPECT_TRUE(HasReason(harness_.ReadAll("a", Cursor(49)).status(), Reason::kCursorTrimmed));
    EXPECT_THAT(DataOf("a", Cursor(50)), SizeIs(50));
    EXPECT_EQ(harness_.Get("a")->bounds->event_count(), 50u);
    harness_.Reopen();
  }
  ASSERT_TRUE(harness_.Trim("a", Cursor(101)).ok());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(harness_.Get("a")->bounds->head, Cursor(100));
    EXPECT_EQ(harness_.Get("a")->bounds->event_count(), 0u);
    EXPECT_THAT(DataOf("a", Cursor(100)), IsEmpty());
    harness_.Reopen();
  }
  EXPECT_EQ(harness_.Append("a", {{.data = "next"}})->first_new, Cursor(101));
  EXPECT_TRUE(HasReason(harness_.Trim("a", Cursor(200)), Reason::kCursorDiverged));
}

TEST_F(EventLogTest, CursorBeyondTheHeadHasDiverged) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(3)).ok());
  const absl::Status status = harness_.ReadAll("a", Cursor(4)).status();
  EXPECT_TRUE(HasReason(status, Reason::kCursorDiverged));
  EXPECT_EQ(ToProto(status).last_good_cursor(), 3u);
  EXPECT_TRUE(HasReason(harness_.ReadAll("a", Cursor(1, 2)).status(), Reason::kCursorDiverged));
}

TEST_F(EventLogTest, DeletedNameLivesAgainUnderANewEpoch) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(5)).ok());
  ASSERT_TRUE(harness_.Append("b", MakeEvents(5)).ok());
  const auto held = harness_.Open("a");
  ASSERT_TRUE(harness_.Delete("a").ok());
  EXPECT_TRUE((*held)->deleted());
  EXPECT_TRUE(HasReason(harness_.Get("a").status(), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(harness_.Delete("a"), Reason::kInstanceNotFound));
  harness_.Reopen();
  const auto next = harness_.Append("a", MakeEvents(2));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->first_new, Cursor(1, 1));
  EXPECT_TRUE(HasReason(harness_.ReadAll("a", Cursor(3)).status(), Reason::kCursorDiverged));
  EXPECT_THAT(DataOf("a"), SizeIs(2));
  EXPECT_THAT(DataOf("b"), SizeIs(5));
}

TEST_F(EventLogTest, ReverseReadsGiveTheNewestFirstAndPage) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(300)).ok());
  ASSERT_TRUE(harness_.Append("a", MakeEvents(300)).ok());
  std::vector<uint64_t> cursors;
  std::optional<Cursor> until;
  for (bool end = false; !end;) {
    const auto page = harness_.Read("a", {.until = until, .reverse = true, .events_max = 70});
    ASSERT_TRUE(page.ok()) << page.status();
    for (const TestEvent& event : EventsOf(*page)) cursors.push_back(event.cursor);
    until = page->next;
    end = page->end_reached;
  }
  ASSERT_THAT(cursors, SizeIs(600));
  for (size_t i = 0; i < cursors.size(); ++i) EXPECT_EQ(cursors[i], 600 - i);
}

TEST_F(EventLogTest, FilterSkipsAndStillMakesProgress) {
  std::vector<TestEvent> events;
  for (int i = 0; i < 1000; ++i) {
    events.push_back({.type = i % 100 == 0 ? "rare.x" : "common", .data = std::string(500, 'x')});
  }
  ASSERT_TRUE(harness_.Append("a", events).ok());
  const auto filter = EventFilter::Make({"rare.*"});
  ASSERT_TRUE(filter.ok());
  const auto read = harness_.Read("a", {.filter = std::make_shared<EventFilter>(*filter)});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->event_count, 10u);
  EXPECT_EQ(read->next, Cursor(1000));
  EXPECT_TRUE(read->end_reached);
}

TEST_F(EventLogTest, HiddenEventsArePassedOverUnlessTheyAreNamed) {
  ASSERT_TRUE(harness_.Append("a", {{.type = "t", .data = "1"}, {.type = "playhead.hidden.x", .data = "2"}}).ok());
  ASSERT_TRUE(harness_.Append("a", {{.type = "playhead.hidden.x", .data = "3"}}).ok());
  ASSERT_TRUE(harness_.Append("a", {{.type = "t", .data = "4"}, {.type = "playhead.hidden.y", .data = "5"}}).ok());
  for (const bool reverse : {false, true}) {
    const auto shown = harness_.Read("a", {.reverse = reverse});
    ASSERT_TRUE(shown.ok()) << shown.status();
    EXPECT_EQ(shown->event_count, 2u);
    EXPECT_TRUE(shown->end_reached);
    EXPECT_EQ(shown->next, reverse ? Cursor() : Cursor(5)) << "nobody is told of a gap";
    const auto named = harness_.Read(
        "a", {.reverse = reverse, .filter = std::make_shared<EventFilter>(*EventFilter::Make({"playhead.hidden.x"}))});
    ASSERT_TRUE(named.ok()) << named.status();
    EXPECT_EQ(named->event_count, 2u);
  }
}

// Looking a message up: from the newest down, through a log that is much longer than one read looks at.
TEST_F(EventLogTest, AReverseReadByIdGetsOnByBoundedSteps) {
  constexpr uint64_t kBatches = 60;
  constexpr uint64_t kBatchEvents = 50;
  for (uint64_t b = 0; b < kBatches; ++b) {
    std::vector<TestEvent> events;
    for (uint64_t i = 0; i < kBatchEvents; ++i) {
      events.push_back({.data = std::string(1000, 'x'), .id = absl::StrCat("wamid.", b, ".", i)});
    }
    if (b == 2) events[7].id = "wamid.wanted";
    if (b == 2) events[9].id = "wamid.wanted:read:1";
    if (b == 2) events[11].id = "wamid.want";
    ASSERT_TRUE(harness_.Append("a", events).ok());
  }
  ReadOptions options{.reverse = true, .scan_bytes_max = 200'000};
  options.filter = std::make_shared<EventFilter>(*EventFilter::Make({}, "wamid.wanted"));
  std::vector<std::string> ids;
  int reads = 0;
  for (Cursor before(kBatches * kBatchEvents + 1);; ++reads) {
    const auto read = harness_.Read("a", options);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_LT(read->next, before) << "progress, also where nothing matches";
    ASSERT_LE(read->scanned_bytes, options.scan_bytes_max + kBlockBytesTarget);
    for (const TestEvent& event : EventsOf(*read)) ids.push_back(event.id);
    if (read->end_reached) break;
    before = read->next;
    options.until = read->next;
  }
  EXPECT_THAT(ids, ElementsAre("wamid.wanted:read:1", "wamid.wanted"));
  EXPECT_GT(reads, 5);
}

TEST_F(EventLogTest, TimeSeekFindsTheFirstEventAtOrBehindATime) {
  std::vector<int64_t> times;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(harness_.Append("a", MakeEvents(3)).ok());
  const auto events = harness_.ReadAll("a");
  ASSERT_TRUE(events.ok());
  for (const TestEvent& event : *events) {
    uint64_t expected = 0;
    while (expected < events->size() && (*events)[expected].appended_at < event.appended_at) ++expected;
    EXPECT_EQ(*harness_.FindTime("a", Timestamp(event.appended_at)), Cursor(expected));
  }
  EXPECT_EQ(*harness_.FindTime("a", Timestamp(0)), Cursor());
  EXPECT_EQ(*harness_.FindTime("a", Timestamp(events->back().appended_at + 1)), Cursor(150));
}

TEST_F(EventLogTest, ListsByPrefixPageByPage) {
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(harness_.Append(absl::StrCat("bot-", 10 + i), MakeEvents(1)).ok());
  ASSERT_TRUE(harness_.Append("other", MakeEvents(1)).ok());
  std::vector<std::string> names;
  std::string after;
  for (;;) {
    const auto page = harness_.List("bot-", after, 10);
    ASSERT_TRUE(page.ok());
    for (const InstanceInfo& info : *page) names.push_back(info.name);
    if (page->size() < 10) break;
    after = names.back();
  }
  ASSERT_THAT(names, SizeIs(25));
  EXPECT_EQ(names.front(), "bot-10");
  EXPECT_EQ(names.back(), "bot-34");
}

TEST_F(EventLogTest, LargeEventsAndBatchesOfManyBlocksKeepTheirOrder) {
  std::vector<TestEvent> events;
  for (int i = 0; i < 20; ++i) events.push_back({.data = std::string(static_cast<size_t>(i) * 9000, 'a')});
  ASSERT_TRUE(harness_.Append("a", events).ok());
  ASSERT_TRUE(harness_.Append("a", {{.data = std::string(2'900'000, 'b')}}).ok());
  const auto read = harness_.ReadAll("a");
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_THAT(*read, SizeIs(21));
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ((*read)[i].data.size(), i * 9000);
  EXPECT_EQ((*read)[20].cursor, 21u);
}

TEST_F(EventLogTest, AFlushLeavesNoEventsInTheWriteAheadLog) {
  const auto wal_bytes = [this] {
    uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(harness_.options().data_dir)) {
      std::error_code gone;
      const uintmax_t size = file.file_size(gone);
      if (file.path().extension() == ".log" && !gone) bytes += size;
    }
    return bytes;
  };
  std::mt19937 random(1);
  std::string data(1'000'000, '\0');
  for (char& byte : data) byte = static_cast<char>(random());
  ASSERT_TRUE(harness_.Append("a", {{.data = data}}).ok());
  ASSERT_GT(wal_bytes(), data.size());
  const absl::Status flushed =
      playhead::testing::AwaitStatus([this](StatusCallback done) { harness_.log().Flush(std::move(done)); });
  ASSERT_TRUE(flushed.ok()) << flushed;
  while (wal_bytes() > data.size()) std::this_thread::yield();  // Files are removed in the background.
  EXPECT_THAT(DataOf("a"), ElementsAre(data));
  harness_.Reopen();
  EXPECT_THAT(DataOf("a"), ElementsAre(data));
}

}  // namespace
}  // namespace playhead::storage
