// Where a log ends: its head never goes back, whatever the store still has of what was trimmed, and a log whose end is
// missing is damaged.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/string_view.h"
#include "proto/errors.h"
#include "storage/blocks/block_store.h"
#include "storage/housekeeping/reclaimer.h"
#include "storage/instances/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/stats_recorder.h"
#include "storage/store/directory.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

class LogEndTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.durability = Durability::kOs;
    options.slice_bytes = 300'000;
    return options;
  }

  // Bytes that do not compress, so that slices fill.
  std::string Noise(size_t bytes) {
    std::string noise;
    while (noise.size() < bytes) noise.push_back(static_cast<char>(' ' + random_.Below(95)));
    return noise;
  }

  // Removes the last block of the instance, and nothing else, from a store that nobody has open.
  void RemoveLastBlock(absl::string_view name) {
    const std::shared_ptr<Store> store = *Store::Open(Options());
    const InstanceNumber number = LoadInstance(store, name)->number;
    BlockIterator block(store, number);
    block.SeekToLast();
    ASSERT_TRUE(block.Valid()) << block.status();
    const FamilyHandle slice = store->slice(block.slice_number());
    ASSERT_TRUE(store->db()->Delete({}, slice.get(), BlockKey(number, block.last())).ok());
  }

  void ExpectDamaged(absl::string_view name) {
    LogHarness log(Options());
    EXPECT_TRUE(HasReason(log.Append(name, MakeEvents(1)).status(), Reason::kDataLoss));
    EXPECT_TRUE(HasReason(log.Get(name).status(), Reason::kDataLoss));
    EXPECT_TRUE(log.Append("other", MakeEvents(1)).ok());
  }

  const TempDir dir_;
  Random random_{TestSeed()};
};

TEST_F(LogEndTest, ALogWithoutItsOnlyBlockIsDamaged) {
  {
    LogHarness log(Options());
    ASSERT_TRUE(log.Append("a", MakeEvents(3)).ok());
  }
  RemoveLastBlock("a");
  ExpectDamaged("a");
}

TEST_F(LogEndTest, ALogThatEndsBeforeTheHeadInItsRecordIsDamaged) {
  {
    LogHarness log(Options());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(log.Append("a", MakeEvents(3)).ok());
    ASSERT_TRUE(log.Trim("a", Cursor(2)).ok());
  }
  RemoveLastBlock("a");
  ExpectDamaged("a");
}

TEST_F(LogEndTest, ALogWithoutTheBlocksOfItsLastSliceIsDamaged) {
  {
    LogHarness log(Options());
    ASSERT_TRUE(log.Append("a", MakeEvents(3)).ok());
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(log.Append("b", {{.data = Noise(3000)}}).ok());
    ASSERT_TRUE(log.Append("a", MakeEvents(3)).ok());
  }
  RemoveLastBlock("a");
  ExpectDamaged("a");
}

// The blocks that it has in slices that are mostly dead go first. What is left of it, until the next round, is in a
// slice before them.
TEST_F(LogEndTest, ALogThatIsTrimmedWhileSlicesAreMovedKeepsItsHead) {
  constexpr int kEvents = 40;
  {
    LogHarness log(Options());
    for (int i = 0; i < 10 * kEvents; ++i) {
      ASSERT_TRUE(log.Append(i < 3 * kEvents ? "stays" : "dies", {{.data = Noise(3000)}}).ok());
      if (i % 10 == 0) {
        ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
      }
    }
  }
  const std::shared_ptr<Store> store = *Store::Open(Options());
  const auto write = [&store](FillBatch fill) {
    rocksdb::WriteBatch batch;
    std::move(fill)(*store, batch);
    return store->db()->Write({}, &batch).ok() ? absl::OkStatus() : absl::InternalError("cannot write");
  };
  const auto trim_all = [&](absl::string_view name) {
    InstanceState state = *LoadInstance(store, name);
    state.bounds.first = state.bounds.head + 1;
    ASSERT_TRUE(
        write([&](const Store& open, rocksdb::WriteBatch& batch) { PutInstance(open, name, state, batch); }).ok());
  };
  trim_all("dies");
  StatsRecorder stats;
  Reclaimer reclaimer(Options().slice_bytes, &stats);
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(reclaimer.Run(*store, write).ok());  // It knows what is alive.
  trim_all("a");
  const size_t slices = store->slices().size();
  ASSERT_GE(slices, 3u);
  for (bool ended = false; !ended;) {
    const auto step = reclaimer.Run(*store, write);
    ASSERT_TRUE(step.ok()) << step.status();
    ended = step->round_ended;
    const auto loaded = LoadInstance(store, "a");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ASSERT_EQ(loaded->bounds.head, Cursor(kEvents));
    ASSERT_EQ(loaded->bounds.event_count(), 0u);
  }
  EXPECT_LT(store->slices().size(), slices);
  EXPECT_FALSE(ReadDirectory(*store, LoadInstance(store, "a")->number, 1)->empty()) << "of the slice that stays";
}

// A listing reads records and blocks at different times.
TEST_F(LogEndTest, ALogThatIsTrimmedOrDeletedWhileItIsListedIsNotDamaged) {
  LogHarness log(Options());
  std::atomic<bool> over = false;
  std::thread changer([&] {
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(log.Append("a", MakeEvents(3)).ok());
      EXPECT_TRUE(log.Trim("a", Cursor(2)).ok());
      EXPECT_TRUE(log.Delete("a").ok());
    }
    over = true;
  });
  while (!over) {
    const auto infos = log.List("", "", 10);
    ASSERT_TRUE(infos.ok()) << infos.status();
    for (const InstanceInfo& info : *infos) EXPECT_TRUE(info.bounds.ok()) << info.bounds.status();
  }
  changer.join();
}

}  // namespace
}  // namespace playhead::storage
