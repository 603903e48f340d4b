#include "storage/record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::FilesWith;
using playhead::testing::Random;
using playhead::testing::Secret;
using playhead::testing::TestSeed;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr RecordSpace kKeys = RecordSpace::kKeys;
constexpr RecordSpace kConsumers = RecordSpace::kConsumers;

class RecordStoreTest : public ::testing::Test {
 protected:
  RecordStoreTest() : log_(StoreOptions{.env = faults_.env.get()}) {}

  absl::Status Write(std::vector<RecordChange> changes) {
    return AwaitStatus([&](auto done) { log_.log().records().Write(std::move(changes), std::move(done)); });
  }

  // Again and again, while the store is being reopened.
  absl::Status WriteOnceOpen(const std::vector<RecordChange>& changes) {
    absl::Status written = Write(changes);
    while (HasReason(written, Reason::kStoreUnavailable)) written = Write(changes);
    return written;
  }
  absl::StatusOr<std::vector<Record>> Scan(RecordSpace space, std::string prefix, std::string after, size_t limit) {
    for (;;) {
      auto rows = Await<std::vector<Record>>(
          [&](auto done) { log_.log().records().Scan(space, prefix, after, limit, std::move(done)); });
      if (!HasReason(rows.status(), Reason::kStoreUnavailable)) return rows;
    }
  }

  // Every row of a space, a page at a time.
  std::map<std::string, std::string> All(RecordSpace space, const std::string& prefix = "", size_t limit = 100) {
    std::map<std::string, std::string> all;
    for (std::string after;;) {
      const auto page = Scan(space, prefix, after, limit);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok() || page->empty()) return all;
      EXPECT_LE(page->size(), limit);
      for (const Record& row : *page) {
        EXPECT_GT(row.key, after) << "sorted, and none twice";
        after = row.key;
        all.emplace(row.key, row.value);
      }
    }
  }

  FaultEnv faults_;
  LogHarness log_;
};

TEST_F(RecordStoreTest, WhatWasWrittenIsThereAfterAReopen) {
  ASSERT_TRUE(Write({{kKeys, "key/b", "2"}, {kKeys, "key/a", "1"}, {kConsumers, "key/a", "other"}}).ok());
  ASSERT_TRUE(Write({{kKeys, "key/b", std::nullopt}, {kKeys, "key/c", ""}, {kKeys, "key/none", std::nullopt}}).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(All(kKeys), ElementsAre(Pair("key/a", "1"), Pair("key/c", "")));
    EXPECT_THAT(All(kConsumers), ElementsAre(Pair("key/a", "other")));
    log_.Reopen();
  }
}

TEST_F(RecordStoreTest, ChangesOfOneWriteAreMadeInTheirOrder) {
  ASSERT_TRUE(Write({{kKeys, "a", "1"}, {kKeys, "a", std::nullopt}, {kKeys, "b", "1"}, {kKeys, "b", "2"}}).ok());
  EXPECT_THAT(All(kKeys), ElementsAre(Pair("b", "2")));
}

TEST_F(RecordStoreTest, WritesTakeEffectInTheOrderOfTheCalls) {
  constexpr int kWrites = 500;
  std::vector<int> answered;
  std::promise<void> all;
  for (int i = 0; i < kWrites; ++i) {
    log_.log().records().Write({{kKeys, "a", absl::StrCat(i)}}, [&, i](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      answered.push_back(i);
      if (i + 1 == kWrites) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_THAT(answered, SizeIs(kWrites));
  EXPECT_TRUE(std::is_sorted(answered.begin(), answered.end()));
  EXPECT_THAT(All(kKeys), ElementsAre(Pair("a", absl::StrCat(kWrites - 1))));
}

TEST_F(RecordStoreTest, AScanOfAPrefixComesInPages) {
  std::vector<RecordChange> changes;
  for (int i = 0; i < 300; ++i) changes.push_back({kKeys, absl::StrCat("key/", 1000 + i), absl::StrCat(i)});
  changes.push_back({kKeys, "key", "before"});
  changes.push_back({kKeys, "key0", "behind"});
  changes.push_back({kKeys, std::string("key/\xff\xff"), "last"});
  ASSERT_TRUE(Write(changes).ok());
  for (const size_t limit : {1, 7, 301, 5000}) {
    const auto rows = All(kKeys, "key/", limit);
    EXPECT_THAT(rows, SizeIs(301)) << "limit " << limit;
    EXPECT_EQ(rows.rbegin()->second, "last");
  }
  EXPECT_THAT(*Scan(kKeys, "key/", "key/1297", 10), SizeIs(3));
  EXPECT_THAT(*Scan(kKeys, "key/", "key0", 10), IsEmpty());
  EXPECT_THAT(*Scan(kKeys, "key/", "a", 10), SizeIs(10)) << "from the prefix on";
  EXPECT_THAT(*Scan(kKeys, "key/", "", 0), IsEmpty());
}

TEST_F(RecordStoreTest, APageIsBoundedByRowsAndByBytes) {
  const std::string large(kRecordValueBytesMax, 'x');
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Write({{kKeys, absl::StrCat("large/", 10 + i), large}}).ok());
  EXPECT_THAT(*Scan(kKeys, "large/", "", 1000), SizeIs(kRecordScanBytesMax / kRecordValueBytesMax));
  EXPECT_THAT(All(kKeys, "large/", 1000), SizeIs(40));
  for (int i = 0; i < 2; ++i) {
    std::vector<RecordChange> small;
    for (size_t k = 0; k < kRecordChangesMax; ++k) small.push_back({kKeys, absl::StrCat("small/", i, ".", k), ""});
    ASSERT_TRUE(Write(std::move(small)).ok());
  }
  EXPECT_THAT(*Scan(kKeys, "small/", "", 1'000'000), SizeIs(kRecordScanMax));
}

TEST_F(RecordStoreTest, WhatIsBeyondTheLimitsIsRefusedAndWritesNothing) {
  const RecordChange good{kKeys, "good", "1"};
  const std::vector<std::vector<RecordChange>> refused = {
      {},
      {good, {kKeys, "", "1"}},
      {good, {kKeys, std::string(kRecordKeyBytesMax + 1, 'k'), "1"}},
      {good, {kKeys, "k", std::string(kRecordValueBytesMax + 1, 'v')}},
      std::vector<RecordChange>(kRecordChangesMax + 1, good),
      std::vector<RecordChange>(kRecordChangesBytesMax / kRecordValueBytesMax,
                                {kKeys, "k", std::string(kRecordValueBytesMax, 'v')}),
  };
  for (size_t i = 0; i < refused.size(); ++i) {
    const absl::Status status = Write(refused[i]);
    EXPECT_TRUE(HasReason(status, Reason::kMalformedRequest)) << i << ": " << status;
  }
  EXPECT_TRUE(All(kKeys).empty());  // Not printed: it would be long.
  EXPECT_TRUE(Write({{kKeys, std::string(kRecordKeyBytesMax, 'k'), std::string(kRecordValueBytesMax, 'v')}}).ok());
}

TEST_F(RecordStoreTest, AFailedWriteIsUncertainButWholeAndTheStoreGoesOn) {
  Random random(TestSeed());
  std::map<std::string, std::string> certain;
  for (int round = 0; round < 20; ++round) {
    const auto operation = random.OneIn(2) ? FaultFileSystem::Operation::kSync : FaultFileSystem::Operation::kWrite;
    faults_.files->FailOnce(operation, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
    const std::string value = absl::StrCat(round);
    const std::vector<RecordChange> changes = {{kKeys, "a", value}, {kConsumers, "b", value}};
    const absl::Status failed = Write(changes);
    ASSERT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;
    // Until the store is open again a read may still see it as it was before the write; so something else is written
    // first.
    ASSERT_TRUE(WriteOnceOpen({{kKeys, "c", value}}).ok());
    EXPECT_EQ(All(kKeys)["a"], All(kConsumers)["b"]) << "both or none";
    ASSERT_TRUE(WriteOnceOpen(changes).ok());
    EXPECT_EQ(All(kKeys)["a"], value);
    EXPECT_EQ(All(kConsumers)["b"], value);
  }
}

TEST_F(RecordStoreTest, WhatAWritePurgesLeavesTheFilesAlsoAfterARestart) {
  const auto files_with = [this](int i) { return FilesWith(log_.options().data_dir, Secret(i)); };
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(Write({{kKeys, absl::StrCat("a", i), Secret(i)}, {kConsumers, Secret(i), "b"}}).ok());
  }
  log_.Reopen();  // Flushes to the files.
  ASSERT_TRUE(Write({{kKeys, "a0", std::nullopt}, {kConsumers, Secret(0), std::nullopt}}).ok());
  ASSERT_TRUE(Write({{kConsumers, Secret(1), std::nullopt}}).ok());
  EXPECT_FALSE(files_with(0).empty());
  // Purges both spaces, including rows that were deleted before.
  ASSERT_TRUE(Write({{kKeys, "a1", "other", /*purge=*/true}}).ok());
  log_.Reopen();
  while (!files_with(0).empty() || !files_with(1).empty()) std::this_thread::yield();
  EXPECT_FALSE(files_with(2).empty());
  EXPECT_THAT(All(kKeys), ElementsAre(Pair("a1", "other"), Pair("a2", Secret(2))));
}

TEST_F(RecordStoreTest, AFailedWriteThatIsOnDiskAllTheSamePurges) {
  ASSERT_TRUE(Write({{kKeys, "a", Secret(1)}}).ok());
  log_.Reopen();
  faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("broken"));
  const absl::Status failed = Write({{kKeys, "a", std::nullopt, /*purge=*/true}});
  ASSERT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;
  while (!FilesWith(log_.options().data_dir, Secret(1)).empty()) std::this_thread::yield();
}

TEST_F(RecordStoreTest, NothingAnsweredIsLostWithThePower) {
  Random random(TestSeed());
  for (int round = 0; round < 5; ++round) {
    const std::string value = absl::StrCat(round);
    ASSERT_TRUE(Write({{kKeys, "a", value}, {kKeys, absl::StrCat("b", round), value}}).ok());
    faults_.files->CutPower();
    log_.Close();
    faults_.files->RestorePower(random);
    log_.Reopen();
    auto rows = All(kKeys);
    EXPECT_EQ(rows["a"], value);
    EXPECT_THAT(rows, SizeIs(static_cast<size_t>(round) + 2));
  }
}

TEST_F(RecordStoreTest, LowSpaceRefusesAppendsAndNotRecords) {
  StoreOptions options{.env = faults_.env.get()};
  options.disk_free_bytes_min = 1000;
  faults_.files->set_free_bytes(999);
  LogHarness low(options);
  ASSERT_TRUE(HasReason(low.Append("a", MakeEvents(1)).status(), Reason::kDiskLow));
  EXPECT_TRUE(AwaitStatus([&](auto done) { low.log().records().Write({{kKeys, "a", "1"}}, std::move(done)); }).ok());
}

TEST_F(RecordStoreTest, SharesItsCommitsWithAppends) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(Write({{kKeys, "a", absl::StrCat(i)}}).ok());
    ASSERT_TRUE(log_.Append("log", MakeEvents(3)).ok());
  }
  log_.Reopen();
  EXPECT_THAT(*log_.ReadAll("log"), SizeIs(30));
  EXPECT_THAT(All(kKeys), ElementsAre(Pair("a", "9")));
}

}  // namespace
}  // namespace playhead::storage
