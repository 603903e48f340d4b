// Reads of many instances in a store that is damaged, whose commits are partly forgotten, or that lost history.
#include "storage/many/many_read.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "storage/instances/instance_table.h"
#include "storage/key_codec.h"
#include "storage/many/commit_walk.h"
#include "storage/many_reader.h"
#include "storage/record_codec.h"
#include "storage/store/column_families.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/meta.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;

class ManyReadTest : public ::testing::Test {
 protected:
  absl::StatusOr<ManyReadResult> ReadAll(std::shared_ptr<const InstanceSelector> selector, StorePosition after = {}) {
    ManyReadOptions options{
        .after = after, .reader = std::make_shared<ManyReader>(std::move(selector)), .events_max = kFetchEventsMax};
    return Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(std::move(options), std::move(done)); });
  }
  absl::StatusOr<ManyReadResult> ReadEverything(StorePosition after = {}) {
    return ReadAll(std::make_shared<PrefixSelector>(""), after);
  }

  // Changes the closed store behind its back, and opens it again.
  template <typename Change>
  void ChangeStore(Change change) {
    harness_.Close();
    auto store = Store::Open(harness_.options());
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->MarkCleanStop().ok());
    change(**store);
    store->reset();
    harness_.Reopen();
  }

  // Until the log has looked for what can be forgotten once more, from the beginning. A trim makes it look.
  void AwaitRound() {
    ASSERT_TRUE(harness_.Append("zz.trimmed", MakeEvents(1)).ok());
    const uint64_t before = harness_.log().stats().reclaim_rounds;
    while (harness_.log().stats().reclaim_rounds < before + 2) {
      ASSERT_TRUE(harness_.Trim("zz.trimmed", Cursor(1)).ok());
      absl::SleepFor(absl::Milliseconds(20));
    }
  }

  // How often the result says that commits are no longer listed.
  static int64_t UnlistedOf(const ManyReadResult& result) {
    return std::count_if(result.parts.begin(), result.parts.end(),
                         [](const InstanceEvents& part) { return part.instance == nullptr; });
  }

  LogHarness harness_;
};

// Both ways to read many instances: by commits, and by the logs of a short list.
TEST_F(ManyReadTest, AMissingBlockIsDataLossForWhoeverWantsItBehindAllThatComesBefore) {
  for (int i = 0; i < 3; ++i) {
    for (const char* name : {"a", "b"}) ASSERT_TRUE(harness_.Append(name, MakeEvents(2)).ok());
  }
  const InstanceNumber number = harness_.Get("a")->number;
  ChangeStore([&](Store& store) {
    ASSERT_TRUE(store.db()->Delete({}, store.slice(1).get(), BlockKey(number, Cursor(4))).ok());
  });
  const std::shared_ptr<const InstanceSelector> selectors[] = {
      std::make_shared<PrefixSelector>(""), std::make_shared<NameSelector>(std::vector<std::string>{"a", "b"})};
  for (const auto& selector : selectors) {
    uint32_t events = 0;
    auto read = ReadAll(selector);
    while (read.ok()) {
      ASSERT_FALSE(read->end_reached);
      events += read->event_count;
      read = ReadAll(selector, read->next);
    }
    EXPECT_TRUE(HasReason(read.status(), Reason::kDataLoss)) << read.status();
    EXPECT_EQ(events, 4u) << "the first two of a, and of b";
  }
  const auto b = ReadAll(std::make_shared<PrefixSelector>("b"));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(b->event_count, 6u);
}

TEST_F(ManyReadTest, ACommitWhoseRowNamesNoEventsIsDataLossAndNotPassedOver) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const InstanceNumber number = harness_.Get("a")->number;
  const CommitPosition commit = harness_.log().head_position().commit;
  ChangeStore([&](Store& store) {
    std::string range;
    RecordWriter(range).Put(number.value()).Put(uint64_t{0}).Put(uint64_t{2});
    ASSERT_TRUE(store.db()->Put({}, store.family(Family::kCommits), CommitKey(commit), range).ok());
  });
  const auto read = ReadEverything();
  EXPECT_TRUE(HasReason(read.status(), Reason::kDataLoss)) << read.status();
}

TEST_F(ManyReadTest, CommitsThatAreNoLongerListedAreToldOnceAndTheRestIsRead) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const StorePosition before = harness_.log().head_position();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  ChangeStore([&](Store& store) {
    rocksdb::WriteBatch batch;
    PutMetaNumber(store, meta_key::kCommitsFirst, before.commit.value() + 2, batch);
    ASSERT_TRUE(store.db()->Write({}, &batch).ok());
  });
  const auto late = ReadEverything(before);
  ASSERT_TRUE(late.ok()) << late.status();
  ASSERT_FALSE(late->parts.empty());
  EXPECT_EQ(late->parts.front().instance, nullptr);
  EXPECT_EQ(late->parts.front().position, before);
  EXPECT_EQ(late->event_count, 6u);
  const auto head = ReadEverything(harness_.log().head_position());
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_TRUE(head->parts.empty());
  EXPECT_TRUE(head->end_reached);
}

TEST_F(ManyReadTest, ForgottenCommitsAreToldOnlyToWhoMissedSomething) {
  const auto bots = std::make_shared<PrefixSelector>("bots.");
  const auto listed = std::make_shared<NameSelector>(std::vector<std::string>{"bots.busy", "bots.idle"});
  ASSERT_TRUE(harness_.Append("bots.idle", MakeEvents(2)).ok());
  ASSERT_TRUE(harness_.Append("bots.busy", MakeEvents(2)).ok());
  const StorePosition behind_bots = harness_.log().head_position();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness_.Append("sensors", MakeEvents(2)).ok());
  const Timestamp sensors_end(harness_.ReadAll("sensors")->back().appended_at + 1);
  ASSERT_TRUE(harness_.Append("bots.busy", MakeEvents(2)).ok());
  const StorePosition in_the_middle = harness_.log().head_position();
  ASSERT_TRUE(harness_.Append("bots.busy", MakeEvents(2)).ok());
  ASSERT_TRUE(harness_.Append("bots.busy", MakeEvents(2)).ok());
  // All of them are forgotten but those that are kept of `bots.busy`.
  ASSERT_TRUE(harness_.Trim("sensors", Cursor(7)).ok());
  ASSERT_TRUE(harness_.Trim("bots.idle", Cursor(3)).ok());
  AwaitRound();
  for (const std::shared_ptr<const InstanceSelector>& selector :
       {std::shared_ptr<const InstanceSelector>(bots), std::shared_ptr<const InstanceSelector>(listed)}) {
    const auto read = ReadAll(selector, behind_bots);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(UnlistedOf(*read), 0) << "it wants nothing of what was forgotten behind it";
    EXPECT_EQ(read->event_count, 6u);
  }
  const auto everything = ReadEverything(behind_bots);
  ASSERT_TRUE(everything.ok()) << everything.status();
  EXPECT_EQ(UnlistedOf(*everything), 1);
  EXPECT_EQ(everything->event_count, 7u);
  // Who asks for what is kept from a time on is told of nothing that went before, and is from then on.
  const auto found =
      Await<StorePosition>([&](auto done) { harness_.log().FindTimeInStore(sensors_end, std::move(done)); });
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(UnlistedOf(*ReadEverything(*found)), 0) << "the position of a time is right before what comes next";
  ManyReadOptions kept{.after = behind_bots,
                       .reader = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>("")),
                       .events_max = 1};
  kept.reader->StartAtKept(harness_.log().head_position().commit);
  auto read = Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(kept, std::move(done)); });
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(UnlistedOf(*read), 0);
  ASSERT_EQ(read->event_count, 1u);
  kept.after = read->next;
  // Now what is ahead of it goes: it met that instance.
  ASSERT_TRUE(harness_.Trim("bots.busy", Cursor(7)).ok());
  AwaitRound();
  kept.events_max = kFetchEventsMax;
  read = Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(kept, std::move(done)); });
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(UnlistedOf(*read), 1);
  EXPECT_EQ(UnlistedOf(*ReadAll(bots, behind_bots)), 1);
  EXPECT_EQ(UnlistedOf(*ReadAll(bots, in_the_middle)), 1);
  EXPECT_EQ(UnlistedOf(*ReadAll(bots, harness_.log().head_position())), 0);
  // An instance that is deleted is missed by nobody.
  harness_.Reopen();
  EXPECT_EQ(UnlistedOf(*ReadAll(std::make_shared<PrefixSelector>("sensors"), behind_bots)), 1);
  ASSERT_TRUE(harness_.Delete("sensors").ok());
  EXPECT_EQ(UnlistedOf(*ReadAll(std::make_shared<PrefixSelector>("sensors"), behind_bots)), 0);
}

TEST_F(ManyReadTest, WhoStandsInTheMiddleOfAForgottenCommitHasNotMissedWhatItReadOfIt) {
  for (const char* name : {"bots", "sensors"}) ASSERT_TRUE(harness_.Append(name, MakeEvents(2)).ok());
  uint64_t stored = 2;
  std::vector<InstanceEvents> parts;
  // Until both batches happen to be in one commit.
  do {
    const StorePosition before = harness_.log().head_position();
    std::vector<std::unique_ptr<AppendSession>> sessions;
    absl::BlockingCounter waits(2);
    for (const char* name : {"bots", "sensors"}) {
      sessions.push_back(harness_.log().NewAppendSession());
      sessions.back()->Append(MakeBatch(name, MakeEvents(2)), [&waits](const auto& result) {
        EXPECT_TRUE(result.ok()) << result.status();
        waits.DecrementCount();
      });
    }
    waits.Wait();
    stored += 2;
    parts = ReadEverything(before)->parts;
    ASSERT_EQ(parts.size(), 2u);
    ASSERT_LT(stored, 10'000u);
  } while (parts[0].position.commit != parts[1].position.commit);
  for (const char* name : {"bots", "sensors"}) ASSERT_TRUE(harness_.Trim(name, Cursor(stored + 1)).ok());
  AwaitRound();
  const StorePosition behind_bots = parts[0].position;
  EXPECT_EQ(UnlistedOf(*ReadAll(std::make_shared<PrefixSelector>("bots"), behind_bots)), 0);
  EXPECT_EQ(UnlistedOf(*ReadEverything(behind_bots)), 1) << "of the other instance it read nothing";
}

TEST_F(ManyReadTest, WhoWasToldOfATrimIsNotToldAgainWhenItsCommitsAreForgotten) {
  uint64_t stored = 0;
  StorePosition position;
  std::vector<InstanceEvents> parts;
  const auto reader = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>("bots"));
  const auto read = [this](std::shared_ptr<ManyReader> by, StorePosition after) {
    ManyReadOptions options{.after = after, .reader = std::move(by), .events_max = kFetchEventsMax};
    return Await<ManyReadResult>([&](auto done) { harness_.log().ReadMany(std::move(options), std::move(done)); });
  };
  // Until it is told before they are forgotten.
  do {
    position = read(reader, position)->next;
    // Two commits that will be trimmed, and one that is kept.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness_.Append("bots", MakeEvents(2)).ok());
    stored += 6;
    ASSERT_TRUE(harness_.Trim("bots", Cursor(stored - 1)).ok());
    parts = read(reader, position)->parts;
    ASSERT_LT(stored, 10'000u);
  } while (parts.empty() || !parts[0].trimmed);
  EXPECT_EQ(parts[0].trimmed->event_count, 4u);
  AwaitRound();
  // Which is behind the first of the two, however many were told.
  const StorePosition told_at = parts[0].position;
  EXPECT_EQ(UnlistedOf(*read(reader, told_at)), 0);
  const auto another = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>("bots"));
  EXPECT_EQ(UnlistedOf(*read(another, told_at)), 1) << "of it nobody knows what it was told";
}

TEST_F(ManyReadTest, RowsWithoutRangesAreWalkedInBoundedSteps) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const CommitPosition head = harness_.log().head_position().commit;
  harness_.Close();
  const auto opened = Store::Open(harness_.options());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::shared_ptr<const Store> store = *opened;
  // What a deletion leaves, until it is forgotten.
  rocksdb::WriteBatch batch;
  for (uint64_t i = 1; i <= kWalkedRangesMax; ++i) {
    ASSERT_TRUE(batch.Put(store->family(Family::kCommits), CommitKey(CommitPosition(head.value() + i)), "").ok());
  }
  ASSERT_TRUE(store->db()->Write({}, &batch).ok());
  InstanceTable instances(16);
  const TypeLifeTable lives;
  const CommitPosition last(head.value() + kWalkedRangesMax);
  ManyReadOptions options{.reader = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>(""))};
  const auto first = ReadManyInstances({store, instances, lives, last}, options);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->event_count, 2u);
  EXPECT_FALSE(first->end_reached);
  options.after = first->next;
  const auto second = ReadManyInstances({store, instances, lives, last}, options);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->end_reached);
  EXPECT_EQ(second->next, StorePosition::EndOf(last));
}

TEST_F(ManyReadTest, ADamagedRowKeepsNoOtherFromBeingForgotten) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const CommitPosition first = harness_.log().head_position().commit;
  ASSERT_TRUE(harness_.Trim("a", Cursor(2)).ok());  // A commit without a row.
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const StorePosition before_last = harness_.log().head_position();
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  ChangeStore([&](Store& store) {
    ASSERT_TRUE(store.db()->Put({}, store.family(Family::kCommits), CommitKey(first.next()), "damaged").ok());
  });
  ASSERT_TRUE(harness_.Trim("a", Cursor(5)).ok());
  AwaitRound();
  harness_.Close();
  const auto store = Store::Open(harness_.options());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(*FirstCommit(**store), before_last.commit.next());
}

TEST_F(ManyReadTest, APositionOfLostHistoryIsDivergedAndOneThatWasKeptIsNot) {
  ASSERT_TRUE(harness_.Append("a", MakeEvents(2)).ok());
  const StorePosition kept = harness_.log().head_position();
  StorePosition lost = kept;
  lost.commit = kept.commit.next();
  ChangeStore([&](Store& store) { ASSERT_TRUE(RaiseEpochFloor(store).ok()); });
  ASSERT_TRUE(harness_.Append("a", MakeEvents(3)).ok());
  EXPECT_GT(harness_.log().head_position(), lost);
  const auto check = [&](StorePosition position) {
    return AwaitStatus([&](auto done) { harness_.log().CheckStorePosition(position, std::move(done)); });
  };
  EXPECT_TRUE(check(kept).ok());
  EXPECT_TRUE(HasReason(check(lost), Reason::kCursorDiverged));
  const auto read = ReadEverything(kept);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->event_count, 3u);
  EXPECT_TRUE(HasReason(ReadEverything(lost).status(), Reason::kCursorDiverged));
}

TEST_F(ManyReadTest, FindsTheCommitOfATimeAndTheCursorOfACommit) {
  std::vector<StorePosition> heads;
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(harness_.Append(i % 2 == 0 ? "a" : "b", MakeEvents(3)).ok());
    heads.push_back(harness_.log().head_position());
  }
  const auto a = harness_.Open("a");
  const auto b = harness_.Open("b");
  for (size_t i = 0; i < heads.size(); ++i) {
    const auto in_a =
        Await<Cursor>([&](auto done) { harness_.log().FindCommit(*a, heads[i].commit, std::move(done)); });
    const auto in_b =
        Await<Cursor>([&](auto done) { harness_.log().FindCommit(*b, heads[i].commit, std::move(done)); });
    EXPECT_EQ(in_a->value(), 3 * (i / 2 + 1));
    EXPECT_EQ(in_b->value(), 3 * ((i + 1) / 2));
  }
  const auto events = harness_.ReadAll("b");
  ASSERT_TRUE(events.ok());
  for (size_t i = 0; i < events->size(); i += 3) {
    const auto found = Await<StorePosition>(
        [&](auto done) { harness_.log().FindTimeInStore(Timestamp((*events)[i].appended_at), std::move(done)); });
    ASSERT_TRUE(found.ok()) << found.status();
    // Commits may share a microsecond: what lies behind is at or after the time, what lies before is earlier.
    const auto behind = ReadEverything(*found);
    ASSERT_TRUE(behind.ok());
    ASSERT_FALSE(behind->parts.empty());
    EXPECT_GE(behind->parts.front().slices.front().block->header().first_appended_at.micros(),
              (*events)[i].appended_at);
  }
}

}  // namespace
}  // namespace playhead::storage
