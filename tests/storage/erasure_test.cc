// Erased events disappear from reads at once and from every file soon after, and leave stubs in their place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/store/store.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/moved_blocks.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using playhead::testing::FilesWith;
using playhead::testing::TempDir;
using playhead::testing::Token;

constexpr uint32_t kAll = kFetchEventsMax;

class ErasureTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    return options;
  }

  static TestEvent Event(uint64_t i, absl::string_view customer) {
    return {.type = absl::StrCat("type", i % 3),
            .data = Token(i),
            .id = absl::StrCat("id", i),
            .attributes = {{"customer", std::string(customer)}, {"dialect", "d"}}};
  }

  static void ExpectStub(const TestEvent& event, const TestEvent& before) {
    EXPECT_EQ(event.type, kErasedEventType);
    EXPECT_EQ(event.cursor, before.cursor);
    EXPECT_EQ(event.appended_at, before.appended_at);
    EXPECT_TRUE(event.id.empty() && event.data.empty() && event.attributes.empty()) << event.cursor;
  }

  static std::vector<TestEvent> EventsIn(LogHarness& log, absl::string_view name) {
    auto events = log.ReadAll(name);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.ok() ? *std::move(events) : std::vector<TestEvent>();
  }

  // How many have `customer` among their attributes.
  static size_t CountOf(const std::vector<TestEvent>& events, absl::string_view customer) {
    return static_cast<size_t>(std::count_if(events.begin(), events.end(), [customer](const TestEvent& event) {
      return !event.attributes.empty() && event.attributes.front().second == customer;
    }));
  }

  // Changes the closed store behind its back.
  template <typename Change>
  void ChangeStore(Change change) {
    const auto store = Store::Open(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    change(**store);
    ASSERT_TRUE((*store)->MarkCleanStop().ok());
  }

  const TempDir dir_;
};

TEST_F(ErasureTest, ErasedEventsLeaveStubsInTheirPlace) {
  LogHarness log(Options());
  std::vector<TestEvent> events;
  for (uint64_t i = 0; i < 30; ++i) events.push_back(Event(i, i % 10 == 0 ? "anna" : "otto"));
  ASSERT_TRUE(log.Append("a", events).ok());
  const auto before = EventsIn(log, "a");
  const InstanceInfo info = *log.Get("a");

  const auto erasure = log.Erase({.instances = {"a"}, .cursors = {Cursor(4), Cursor(5), Cursor(5), Cursor(31)}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  EXPECT_EQ(erasure->state, ErasureState::kDone);
  EXPECT_EQ(erasure->progress.erased_events, 2u);
  EXPECT_EQ(erasure->cursor_count, 3u);

  const auto after = EventsIn(log, "a");
  ASSERT_EQ(after.size(), 30u) << "no hole";
  for (size_t i = 0; i < after.size(); ++i) {
    if (i == 3 || i == 4) {
      ExpectStub(after[i], before[i]);
    } else {
      EXPECT_EQ(after[i].data, before[i].data);
      EXPECT_EQ(after[i].id, before[i].id);
    }
  }
  const auto reverse = EventsOf(*log.Read("a", {.reverse = true, .events_max = kAll}));
  ASSERT_EQ(reverse.size(), 30u);
  ExpectStub(reverse[26], before[3]);
  // A filter passes over them, and finds them by their type.
  const auto filter = std::make_shared<EventFilter>(*EventFilter::Make({"type*"}));
  EXPECT_EQ(log.ReadAll("a", Cursor(), filter)->size(), 28u);
  const auto stubs = std::make_shared<EventFilter>(*EventFilter::Make({kErasedEventType}));
  EXPECT_EQ(log.ReadAll("a", Cursor(), stubs)->size(), 2u);
  const auto by_id = std::make_shared<EventFilter>(*EventFilter::Make({}, "id3"));
  EXPECT_EQ(log.ReadAll("a", Cursor(), by_id)->size(), 0u);
  // The log counts as before.
  const InstanceInfo info_after = *log.Get("a");
  EXPECT_EQ(info_after.bounds->event_count(), info.bounds->event_count());
  EXPECT_EQ(info_after.bounds->appended_bytes, info.bounds->appended_bytes);
  EXPECT_EQ(*log.FindTime("a", Timestamp(before[3].appended_at)), *log.FindTime("a", Timestamp(after[3].appended_at)));
  EXPECT_EQ(log.Append("a", {{.data = "next"}})->head, Cursor(31));
  log.Reopen();
  EXPECT_EQ(log.Get("a")->bounds->head, Cursor(31));
  ExpectStub(EventsIn(log, "a")[3], before[3]);
}

TEST_F(ErasureTest, AnAttributeIsErasedFromAllInstancesOfAPrefix) {
  LogHarness log(Options());
  for (uint64_t i = 0; i < 300; ++i) {
    for (const char* name : {"chat.1", "chat.2", "other", "playhead.own"}) {
      ASSERT_TRUE(log.Append(name, {Event(i, i % 3 == 0 ? "anna" : "otto")}).ok());
    }
  }
  const auto erasure = log.Erase({.instances = {"chat.*"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  EXPECT_EQ(erasure->progress.instances, 2u);
  EXPECT_EQ(erasure->progress.erased_events, 200u);
  EXPECT_EQ(erasure->attribute_key, "customer");
  const auto left = [&](absl::string_view name) {
    const std::vector<TestEvent> events = EventsIn(log, name);
    return CountOf(events, "anna") + CountOf(events, "otto");
  };
  EXPECT_EQ(left("chat.1"), 200u);
  EXPECT_EQ(left("chat.2"), 200u);
  EXPECT_EQ(left("other"), 300u);
  // Everything, but not what the broker keeps for itself.
  EXPECT_EQ(log.Erase({.instances = {"*"}, .attribute = {{"customer", "anna"}}})->progress.erased_events, 100u);
  EXPECT_EQ(left("other"), 200u);
  EXPECT_EQ(left("playhead.own"), 300u);
  EXPECT_EQ(log.Erase({.instances = {"playhead.*", "*"}, .ids = {"id1", "id2"}})->progress.erased_events, 8u);
  EXPECT_EQ(log.log().stats().erased_events, 308u);
}

TEST_F(ErasureTest, OnceDoneNoFileHasAByteOfIt) {
  LogHarness log(Options());
  for (uint64_t i = 0; i < 200; ++i) {
    // Alone and in company, so small that they are compressed in files only, and large.
    std::vector<TestEvent> events = {Event(i, i % 2 == 0 ? "anna" : "otto")};
    if (i % 10 == 0)
      events.push_back({.type = "playhead.hidden.x", .data = Token(i), .attributes = {{"customer", "anna"}}});
    if (i % 20 == 0) events.push_back({.data = std::string(20'000, 'x')});
    ASSERT_TRUE(log.Append("a", events).ok());
    ASSERT_TRUE(log.Append("b", {{.data = "kept"}}).ok());
    if (i == 70 || i == 140) log.Reopen();  // Some of it in files, some in the log.
  }
  for (uint64_t i = 0; i < 200; i += 37) ASSERT_FALSE(FilesWith(dir_.path(), Token(i)).empty()) << i;
  const auto erasure = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  EXPECT_EQ(erasure->progress.erased_events, 120u);
  for (uint64_t i = 0; i < 200; i += 2) EXPECT_TRUE(FilesWith(dir_.path(), Token(i)).empty()) << i;
  EXPECT_TRUE(FilesWith(dir_.path(), "anna").empty()) << "the order to forget remembers nobody";
  size_t found = 0;
  for (uint64_t i = 1; i < 200; i += 2) found += FilesWith(dir_.path(), Token(i)).empty() ? 0 : 1;
  EXPECT_GE(found, 50u) << "of the 100 that stay: else the search would find nothing, whatever was there";
  EXPECT_EQ(CountOf(EventsIn(log, "a"), "otto"), 100u);
  EXPECT_EQ(log.ReadAll("b")->size(), 200u);
}

TEST_F(ErasureTest, OnceDoneTheSliceThatABlockWasMovedFromHasNoByteOfItEither) {
  InstanceNumber a;
  {
    LogHarness log(Options());
    for (uint64_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(log.Append("a", {Event(i, i % 2 == 0 ? "anna" : "otto")}).ok());
      ASSERT_TRUE(log.Append("kept", {Event(1000 + i, "otto")}).ok());
    }
    a = log.Get("a")->number;
  }
  // The reclaimer at work: what it has moved stays in the old slice's files until that slice is dropped.
  ChangeStore([a](Store& store) {
    ASSERT_TRUE(store.CreateSlice(2).ok());
    // A full slice was merged once, and is not again.
    ASSERT_TRUE(store.db()->CompactRange({}, store.slice(1).get(), nullptr, nullptr).ok());
    EXPECT_EQ(MoveBlocks(store, a, 1, 2), 20u);
  });
  LogHarness log(Options());
  const auto erasure = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  EXPECT_EQ(erasure->progress.erased_events, 10u);
  for (uint64_t i = 0; i < 20; i += 2) EXPECT_TRUE(FilesWith(dir_.path(), Token(i)).empty()) << i;
  EXPECT_EQ(CountOf(EventsIn(log, "a"), "otto"), 10u);
  EXPECT_EQ(EventsIn(log, "kept").size(), 20u);
}

TEST_F(ErasureTest, TrimmedEventsInASliceThatTheDirectoryNoLongerNamesAreErasedAndNotCounted) {
  InstanceNumber a;
  {
    LogHarness log(Options());
    for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(log.Append("a", {Event(i, "anna")}).ok());
    ASSERT_TRUE(log.Append("kept", {Event(1000, "otto")}).ok());
    ASSERT_TRUE(log.Trim("a", Cursor(11)).ok());
    a = log.Get("a")->number;
  }
  ChangeStore([a](Store& store) {
    ASSERT_TRUE(store.CreateSlice(2).ok());
    ASSERT_TRUE(store.db()->Delete({}, store.family(Family::kDirectory), BlockKey(a, Cursor(1))).ok());
  });
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("a", {Event(10, "anna"), Event(11, "otto")}).ok());
  ASSERT_TRUE(log.Trim("a", Cursor(12)).ok());  // Right through the block.
  const auto dry = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}, .dry_run = true});
  const auto erasure = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
  for (const auto& info : {dry, erasure}) {
    ASSERT_TRUE(info.ok()) << info.status();
    EXPECT_EQ(info->progress.erased_events, 0u);
    EXPECT_EQ(info->progress.scanned_events, 2u);
  }
  for (uint64_t i = 0; i <= 10; ++i) EXPECT_TRUE(FilesWith(dir_.path(), Token(i)).empty()) << i;
  EXPECT_EQ(log.ReadAll("a", Cursor(11))->front().data, Token(11));
}

TEST_F(ErasureTest, WhatIsTrimmedOrDeletedBetweenTheOrderAndItsTurnLeavesTheFilesToo) {
  LogHarness log(Options());
  std::vector<TestEvent> events;
  for (uint64_t i = 0; i < 5000; ++i) events.push_back({.data = Token(1000 + i), .attributes = {{"k", "v"}}});
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log.Append("large", events).ok());
  for (const bool deletes : {false, true}) {
    for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log.Append("a", {Event(i, "anna")}).ok());
    // The first keeps the second waiting.
    const auto first = log.StartErasure({.instances = {"large"}, .attribute = {{"k", "w"}}, .dry_run = true});
    const auto second = log.StartErasure({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
    ASSERT_TRUE(first.ok() && second.ok());
    ASSERT_TRUE((deletes ? log.Delete("a") : log.Trim("a", Cursor(17))).ok());
    const bool before_its_turn = log.log().erasures().Get(second->id)->state == ErasureState::kQueued;
    const ErasureInfo info = log.AwaitEnd(second->id);
    if (before_its_turn) {
      EXPECT_EQ(info.progress.erased_events, deletes ? 0u : 4u) << "of those that are kept";
    }
    for (uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(FilesWith(dir_.path(), Token(i)).empty()) << i;
    if (!deletes) {
      EXPECT_EQ(EventsOf(*log.Read("a", {.after = Cursor(16)})).size(), 4u);
      ASSERT_TRUE(log.Delete("a").ok());
    }
    log.AwaitEnd(first->id);
  }
}

TEST_F(ErasureTest, OnceDoneNoFileHasAByteOfItWhateverIsReadAndMovedMeanwhile) {
  StoreOptions options = Options();
  options.slice_bytes = 200'000;
  options.write_buffer_bytes = 100'000;
  LogHarness log(options);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) {
      const auto events = log.ReadAll("a");
      EXPECT_TRUE(events.ok()) << events.status();
    }
  });
  constexpr uint64_t kRounds = 8;
  for (uint64_t round = 0; round < kRounds; ++round) {
    // Slices of which little stays, so that it is moved.
    uint64_t bulk = 0;
    for (uint64_t i = 0; i < 20; ++i) {
      EXPECT_TRUE(log.Append("a", {Event(20 * round + i, i % 2 == 0 ? "anna" : "otto")}).ok());
      std::string noise;
      for (uint64_t k = 0; k < 500; ++k) noise += Token(1'000'000 + (round * 20 + i) * 500 + k);
      const auto appended = log.Append("bulk", {{.data = noise}});
      EXPECT_TRUE(appended.ok()) << appended.status();
      bulk = appended.ok() ? appended->head.value() : bulk;
    }
    EXPECT_TRUE(log.Trim("bulk", Cursor(bulk + 1)).ok());
    if (round % 2 == 0) continue;
    const auto erasure = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
    EXPECT_TRUE(erasure.ok()) << erasure.status();
    for (uint64_t i = 0; i < 20 * (round + 1); i += 2)
      EXPECT_THAT(FilesWith(dir_.path(), Token(i)), ::testing::IsEmpty()) << i << " in round " << round;
  }
  stop = true;
  reader.join();
  EXPECT_EQ(CountOf(EventsIn(log, "a"), "otto"), 10 * kRounds);
}

TEST_F(ErasureTest, NoReadThatBeginsAfterItWasTakenSeesIt) {
  LogHarness log(Options());
  std::vector<TestEvent> events;
  for (uint64_t i = 0; i < 5000; ++i) {
    events.push_back(Event(i, i % 7 == 0 ? "anna" : "otto"));
    events.back().id.clear();
  }
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log.Append("a", events).ok());
  const auto erasure = log.StartErasure({.instances = {"*"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  // Whatever the job has got through by then; from the far end first.
  for (const bool reverse : {true, false}) {
    const auto result = log.Read("a", {.reverse = reverse, .events_max = kAll});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(CountOf(EventsOf(*result), "anna"), 0u);
  }
  EXPECT_EQ(log.AwaitEnd(erasure->id).progress.erased_events, 20u * 715);
}

TEST_F(ErasureTest, WhatIsStoredLaterIsNotErased) {
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("a", {Event(1, "anna")}).ok());
  const auto erasure = log.StartErasure({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  ASSERT_TRUE(log.Append("a", {Event(2, "anna")}).ok());
  EXPECT_EQ(log.AwaitEnd(erasure->id).progress.erased_events, 1u);
  const auto events = EventsIn(log, "a");
  EXPECT_EQ(events[0].type, kErasedEventType);
  EXPECT_EQ(events[1].data, Token(2));
}

TEST_F(ErasureTest, ARepeatOfAnErasedIdIsADuplicateAndIsNotStoredAgain) {
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("a", {Event(1, "anna"), Event(2, "otto")}).ok());
  AppendBatch produced = MakeBatch("a", {{.data = "by a producer"}});
  produced.producer = ProducerSequence{"p", 1};
  ASSERT_TRUE(log.Append(produced).ok());
  ASSERT_TRUE(log.Erase({.instances = {"a"}, .cursors = {Cursor(1), Cursor(3)}}).ok());
  for (uint64_t round = 0; round < 2; ++round) {
    const auto repeated = log.Append("a", {Event(1, "anna")});
    ASSERT_TRUE(repeated.ok()) << repeated.status();
    EXPECT_EQ(repeated->duplicates_at, std::vector<Cursor>{Cursor(1)});
    // What it was cannot be told any more, so that other content cannot be told from it.
    const auto other = log.Append("a", {{.data = "other", .id = "id1"}});
    ASSERT_TRUE(other.ok()) << other.status();
    EXPECT_TRUE(other->is_duplicate(0));
    const auto by_sequence = log.Append(produced);
    ASSERT_TRUE(by_sequence.ok()) << by_sequence.status();
    EXPECT_EQ(by_sequence->duplicates_at, std::vector<Cursor>{Cursor(3)});
    EXPECT_TRUE(HasReason(log.Append("a", {{.data = "other", .id = "id2"}}).status(), Reason::kIdConflict));
    log.Reopen();
  }
  EXPECT_EQ(log.ReadAll("a")->size(), 3u);
  EXPECT_TRUE(FilesWith(dir_.path(), Token(1)).empty());
}

TEST_F(ErasureTest, ADryRunCountsAndChangesNothing) {
  LogHarness log(Options());
  for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(log.Append("a", {Event(i, i < 4 ? "anna" : "otto")}).ok());
  const auto dry = log.Erase({.instances = {"a"}, .attribute = {{"customer", "anna"}}, .dry_run = true});
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_TRUE(dry->dry_run);
  EXPECT_EQ(dry->progress.erased_events, 4u);
  EXPECT_EQ(dry->progress.scanned_events, 10u);
  EXPECT_EQ(CountOf(EventsIn(log, "a"), "anna"), 4u);
  EXPECT_EQ(log.log().stats().erased_events, 0u);
}

TEST_F(ErasureTest, OneThatWasCutOffGoesOnWhereItWas) {
  LogHarness log(Options());
  constexpr uint64_t kBatches = 200;
  for (uint64_t i = 0; i < kBatches; ++i) {
    std::vector<TestEvent> events;
    for (uint64_t k = 0; k < 100; ++k) {
      events.push_back({.data = Token(100 * i + k), .attributes = {{"customer", k % 2 == 0 ? "anna" : "otto"}}});
    }
    ASSERT_TRUE(log.Append(absl::StrCat("i", i % 4), events).ok());
  }
  const auto erasure = log.StartErasure({.instances = {"i*"}, .attribute = {{"customer", "anna"}}});
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  for (uint64_t i = 0; i < 5; ++i) {
    log.Reopen();
    ASSERT_EQ(CountOf(EventsIn(log, "i3"), "anna"), 0u);
  }
  const ErasureInfo info = log.AwaitEnd(erasure->id);
  EXPECT_EQ(info.progress.erased_events, kBatches * 50) << "each counted once";
  EXPECT_EQ(info.progress.instances, 4u);
  EXPECT_TRUE(FilesWith(dir_.path(), Token(0)).empty());
  EXPECT_TRUE(FilesWith(dir_.path(), Token(100 * kBatches - 2)).empty());
}

TEST_F(ErasureTest, ATrimOrADeletionIsNotUndone) {
  LogHarness log(Options());
  for (uint64_t round = 0; round < 15; ++round) {
    for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log.Append("a", {Event(20 * round + i, "anna")}).ok());
    const Cursor head = log.Get("a")->bounds->head;
    const auto erasure = log.StartErasure({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    const bool deletes = round % 3 == 0;
    const Cursor first_kept(head.epoch(), head.sequence() - 3);
    ASSERT_TRUE((deletes ? log.Delete("a") : log.Trim("a", first_kept)).ok());
    const ErasureInfo info = log.AwaitEnd(erasure->id);
    EXPECT_LE(info.progress.erased_events, 20u);
    EXPECT_GE(info.progress.erased_events, deletes ? 0u : 4u);
    for (const uint64_t i : {uint64_t{0}, uint64_t{19}}) {
      EXPECT_TRUE(FilesWith(dir_.path(), Token(20 * round + i)).empty()) << i;
    }
    if (round % 5 == 0) log.Reopen();
    if (deletes) {
      EXPECT_TRUE(HasReason(log.Get("a").status(), Reason::kInstanceNotFound));
    } else {
      EXPECT_EQ(log.Get("a")->bounds->event_count(), 4u);
      EXPECT_EQ(log.ReadAll("a", Cursor(head.epoch(), head.sequence() - 4))->size(), 4u);
    }
  }
}

TEST_F(ErasureTest, OnlyOneThatHasNotBegunCanBeCanceled) {
  LogHarness log(Options());
  const auto cancel = [&](uint64_t id) {
    return playhead::testing::Await<ErasureInfo>([&](auto done) { log.log().erasures().Cancel(id, std::move(done)); });
  };
  std::vector<TestEvent> events;
  for (uint64_t i = 0; i < 5000; ++i) events.push_back({.data = Token(i), .attributes = {{"k", "v"}}});
  for (uint64_t i = 0; i < 20; ++i) ASSERT_TRUE(log.Append("large", events).ok());
  for (bool canceled = false; !canceled;) {
    ASSERT_TRUE(log.Append("a", {Event(1, "anna")}).ok());
    // The first keeps the second waiting.
    const auto first = log.StartErasure({.instances = {"large"}, .attribute = {{"k", "w"}}, .dry_run = true});
    const auto second = log.StartErasure({.instances = {"a"}, .attribute = {{"customer", "anna"}}});
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(EventsIn(log, "a")[0].type, kErasedEventType);
    const auto info = cancel(second->id);
    canceled = info.ok();
    if (canceled) {
      EXPECT_EQ(info->state, ErasureState::kCanceled);
      EXPECT_EQ(EventsIn(log, "a")[0].data, Token(1)) << "what was hidden is seen again";
    } else {
      EXPECT_TRUE(HasReason(info.status(), Reason::kErasureBegun)) << info.status();
    }
    log.AwaitEnd(first->id);
    log.AwaitEnd(second->id);
    EXPECT_TRUE(HasReason(cancel(second->id).status(), Reason::kErasureBegun));
    EXPECT_EQ(EventsIn(log, "a")[0].type == kErasedEventType, !canceled);
    ASSERT_TRUE(log.Delete("a").ok());
  }
  EXPECT_TRUE(HasReason(cancel(12345).status(), Reason::kErasureNotFound));
  log.Reopen();
  EXPECT_EQ(log.log().erasures().List(0, 100)->back().state, ErasureState::kCanceled);
}

TEST_F(ErasureTest, BadRequestsAreRefused) {
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("a", {Event(1, "anna")}).ok());
  const auto reason = [&](ErasureRequest request) { return log.StartErasure(std::move(request)).status(); };
  EXPECT_TRUE(HasReason(reason({.instances = {"a"}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.cursors = {Cursor(1)}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a"}, .cursors = {Cursor(1)}, .ids = {"x"}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a*"}, .cursors = {Cursor(1)}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a"}, .cursors = {Cursor()}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a"}, .ids = {""}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a"}, .attribute = {{"", "v"}}}), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"a b"}, .ids = {"x"}}), Reason::kInstanceNameInvalid));
  EXPECT_TRUE(HasReason(reason({.instances = {"none"}, .ids = {"x"}}), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(log.log().erasures().Get(1).status(), Reason::kErasureNotFound));
}

}  // namespace
}  // namespace playhead::storage
