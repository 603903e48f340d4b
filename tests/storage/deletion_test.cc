// A deleted instance leaves nothing but a keyed hash of its name.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/store/meta.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using playhead::testing::AwaitStatus;
using playhead::testing::FilesWith;
using playhead::testing::Secret;
using playhead::testing::TempDir;

class DeletionTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    return options;
  }

  // Whether an erasure is still to be done, as the store on disk has it. The log must be closed.
  bool ErasurePending() {
    const auto store = Store::Open(Options());
    EXPECT_TRUE(store.ok()) << store.status();
    const std::unique_ptr<rocksdb::Iterator> row(
        (*store)->db()->NewIterator(rocksdb::ReadOptions(), (*store)->family(Family::kMeta)));
    row->Seek(meta_key::kErasurePrefix);
    return row->Valid() && row->key().starts_with(meta_key::kErasurePrefix);
  }

  const TempDir dir_;
};

TEST_F(DeletionTest, NoByteOfADeletedInstanceIsLeftInAnyFile) {
  const std::string name = "the-deleted-one@example.org";
  {
    LogHarness log(Options());
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(log.Append("kept.before", {{.data = absl::StrCat("kept ", i)}}).ok());
      ASSERT_TRUE(log.Append(name, {{.data = Secret(i), .id = absl::StrCat("id of ", Secret(i))}}).ok());
      ASSERT_TRUE(log.Append("zz.kept.behind", {{.data = absl::StrCat("kept ", i)}}).ok());
      if (i == 25) log.Reopen();  // Some of it in files, some in the log.
    }
    ASSERT_FALSE(FilesWith(dir_.path(), "-secret-").empty());
    ASSERT_FALSE(FilesWith(dir_.path(), name).empty());
    ASSERT_TRUE(log.Delete(name).ok());
    // The erasure runs by itself: nothing but to look.
    while (!FilesWith(dir_.path(), "-secret-").empty() || !FilesWith(dir_.path(), name).empty()) {
      std::this_thread::yield();
    }
    EXPECT_EQ(log.ReadAll("kept.before")->size(), 50u);
    EXPECT_EQ(log.ReadAll("zz.kept.behind")->size(), 50u);
    const auto next = log.Append(name, {{.data = "a new life"}});
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->head, Cursor(1, 1)) << "a cursor of the old life means nothing in the new one";
  }
  EXPECT_FALSE(ErasurePending());
}

TEST_F(DeletionTest, ANamesakeIsNotDeleted) {
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("name", {{.data = "first"}}).ok());
  const InstanceNumber first = log.Get("name")->number;
  ASSERT_TRUE(log.Delete("name").ok());
  ASSERT_TRUE(log.Append("name", {{.data = "second"}}).ok());
  // As of a client that asks twice, and whose second call waited in between.
  const absl::Status again = AwaitStatus([&](auto done) { log.log().DeleteInstance("name", first, std::move(done)); });
  EXPECT_TRUE(HasReason(again, Reason::kInstanceNotFound)) << again;
  EXPECT_EQ(log.ReadAll("name")->size(), 1u);
}

TEST_F(DeletionTest, TheNameOfAnEmptyInstanceGoesToo) {
  LogHarness log(Options());
  ASSERT_TRUE(log.Open("only-name-in-the-store").ok());
  log.Reopen();
  ASSERT_TRUE(log.Delete("only-name-in-the-store").ok());
  while (!FilesWith(dir_.path(), "only-name-in-the-store").empty()) std::this_thread::yield();
}

TEST_F(DeletionTest, AnErasureThatWasCutOffGoesOnAtTheNextStart) {
  for (int round = 0; round < 5; ++round) {
    {
      LogHarness log(Options());
      for (int i = 0; i < 20; ++i) {
        ASSERT_TRUE(log.Append("gone", {{.data = Secret(round * 100 + i)}}).ok());
        ASSERT_TRUE(log.Append("kept", {{.data = "kept"}}).ok());
      }
      ASSERT_TRUE(log.Delete("gone").ok());
    }  // Closed at once: the erasure has hardly begun.
    LogHarness log(Options());
    while (!FilesWith(dir_.path(), "-secret-").empty()) std::this_thread::yield();
    EXPECT_EQ(log.ReadAll("kept")->size(), static_cast<size_t>(20 * (round + 1)));
  }
}

TEST_F(DeletionTest, ManyDeletionsShareAPass) {
  constexpr int kInstances = 100;
  LogHarness log(Options());
  for (int i = 0; i < kInstances; ++i) {
    // Those that are deleted lie between those that stay, three in a row.
    ASSERT_TRUE(log.Append(absl::StrCat(i % 4 == 0 ? "kept" : "gone", i), {{.data = Secret(i)}}).ok());
  }
  ASSERT_TRUE(log.Append("kept0", {{.data = "more"}}).ok());
  log.Reopen();  // Into files.
  std::vector<std::pair<std::string, InstanceNumber>> gone;
  for (int i = 0; i < kInstances; ++i) {
    if (i % 4 == 0) continue;
    const std::string name = absl::StrCat("gone", i);
    gone.emplace_back(name, log.Get(name)->number);
  }
  absl::BlockingCounter deleted(kInstances * 3 / 4);
  for (const auto& [name, number] : gone) {
    log.log().DeleteInstance(name, number, [&deleted](absl::Status status) {
      EXPECT_TRUE(status.ok()) << status;
      deleted.DecrementCount();
    });
  }
  deleted.Wait();
  while (log.log().stats().erased_instances < kInstances * 3 / 4) std::this_thread::yield();
  EXPECT_LE(log.log().stats().erasure_passes, 10u) << "a pass takes all that are deleted when it begins";
  EXPECT_EQ(log.log().stats().erased_instances, kInstances * 3u / 4);
  for (int i = 0; i < kInstances; ++i) {
    if (i % 4 == 0) {
      EXPECT_EQ(log.ReadAll(absl::StrCat("kept", i))->size(), i == 0 ? 2u : 1u);
    } else {
      EXPECT_TRUE(FilesWith(dir_.path(), Secret(i)).empty()) << i;
    }
  }
  log.Close();
  EXPECT_FALSE(ErasurePending());
}

TEST_F(DeletionTest, WhatWasLeftPendingIsErasedInOnePassAtTheNextStart) {
  constexpr int kInstances = 30;
  {
    LogHarness log(Options());
    for (int i = 0; i < kInstances; ++i) {
      ASSERT_TRUE(log.Append(absl::StrCat("gone", i), {{.data = Secret(i)}}).ok());
      ASSERT_TRUE(log.Append("kept", {{.data = "kept"}}).ok());
    }
    for (int i = 0; i < kInstances; ++i) ASSERT_TRUE(log.Delete(absl::StrCat("gone", i)).ok());
  }
  {
    // As if the log had been closed before it erased any of them.
    const auto store = Store::Open(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    for (uint64_t number = 1; number <= kInstances + 1; ++number) {
      if (number == 2) continue;  // The one that was kept.
      const std::string key = absl::StrCat(meta_key::kErasurePrefix, InstanceKey(InstanceNumber(number)));
      ASSERT_TRUE((*store)->db()->Put({}, (*store)->family(Family::kMeta), key, "").ok());
    }
  }
  LogHarness log(Options());
  while (log.log().stats().erased_instances < kInstances) std::this_thread::yield();
  EXPECT_EQ(log.log().stats().erasure_passes, 1u);
  EXPECT_TRUE(FilesWith(dir_.path(), "-secret-").empty());
  EXPECT_EQ(log.ReadAll("kept")->size(), static_cast<size_t>(kInstances));
}

TEST_F(DeletionTest, AReaderIsToldOfTheDeletionAndNeverOfDataLoss) {
  LogHarness log(Options());
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto instance = log.Open("a", OpenMode::kExisting);
        const auto read = log.ReadAll("a");
        EXPECT_FALSE(HasReason(read.status(), Reason::kDataLoss)) << read.status();
        EXPECT_FALSE(HasReason(log.FindTime("a", Timestamp(1)).status(), Reason::kDataLoss));
      }
    });
  }
  for (int round = 0; round < 150; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.Append("a", MakeEvents(2)).ok());
    ASSERT_TRUE(log.Delete("a").ok());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace playhead::storage
