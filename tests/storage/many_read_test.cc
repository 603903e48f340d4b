// Reads over many instances of a store that is damaged, that was forgotten in part, or that lost history: what they
// say.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/column_families.h"
#include "storage/key_codec.h"
#include "storage/many_reader.h"
#include "storage/meta.h"
#include "storage/store.h"
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

  LogHarness harness_;
};

TEST_F(ManyReadTest, AMissingBlockIsDataLossForWhoeverWantsIt) {
  for (const char* name : {"a", "b"}) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(harness_.Append(name, MakeEvents(2)).ok());
  }
  const InstanceNumber number = harness_.Get("a")->number;
  ChangeStore([&](Store& store) {
    ASSERT_TRUE(store.db()->Delete({}, store.slice(1).get(), BlockKey(number, Cursor(4))).ok());
  });
  EXPECT_TRUE(HasReason(ReadEverything().status(), Reason::kDataLoss));
  const auto a = ReadAll(std::make_shared<NameSelector>(std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(HasReason(a.status(), Reason::kDataLoss)) << a.status();
  const auto b = ReadAll(std::make_shared<PrefixSelector>("b"));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(b->event_count, 6u);
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
