// Durability::kOs: what the store does when the disk fails, and after a power loss.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/log_lines.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::LogLines;
using playhead::testing::Random;
using playhead::testing::TestSeed;

constexpr auto kOpen = FaultFileSystem::Operation::kOpen;
constexpr auto kSync = FaultFileSystem::Operation::kSync;
constexpr auto kWrite = FaultFileSystem::Operation::kWrite;

class UnsyncedTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.env = faults_.env.get();
    options.durability = Durability::kOs;
    return options;
  }

  void Open(StoreOptions options) { harness_.emplace(std::move(options)); }

  bool MarkerExists() const { return std::filesystem::exists(dir_.path() + "/UNSYNCED"); }

  static rocksdb::Status Write(Store& store) {
    rocksdb::WriteBatch batch;
    batch.Put(store.family(Family::kKeys), "key", "value").PermitUncheckedError();
    return store.db()->Write(rocksdb::WriteOptions(), &batch);
  }

  playhead::testing::TempDir dir_;
  FaultEnv faults_;
  std::optional<LogHarness> harness_;
};

TEST_F(UnsyncedTest, ALossOfPowerRaisesTheEpoch) {
  Random random(TestSeed());
  StoreOptions options = Options();
  options.sync_interval = absl::Hours(1);
  for (uint32_t round = 0; round < 5; ++round) {
    Open(options);
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(harness_->Append("a", MakeEvents(10)).ok());
    const Cursor head = harness_->Get("a")->bounds->head;
    EXPECT_EQ(head.epoch(), round);
    faults_.files->CutPower();
    harness_.reset();
    faults_.files->RestorePower(random);
    Open(options);
    const auto info = harness_->Get("a");
    const Cursor kept = info.ok() ? info->bounds->head : Cursor();
    EXPECT_LE(kept, head);
    const auto next = harness_->Append("a", MakeEvents(1));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->first_new, Cursor(round + 1, kept.sequence() + 1));
    if (kept < head) {
      const absl::Status status = harness_->ReadAll("a", head).status();
      EXPECT_TRUE(HasReason(status, Reason::kCursorDiverged)) << status;
      EXPECT_EQ(ToProto(status).last_good_cursor(), kept.value());
    }
    harness_.reset();  // Stopped cleanly: the next start raises nothing.
  }
}

TEST_F(UnsyncedTest, TheEpochIsRaisedAlsoIfThatFailsAtFirst) {
  LogLines lines;
  const StoreOptions options = Options();
  Open(options);
  ASSERT_EQ(harness_->Append("a", MakeEvents(10))->head, Cursor(0, 10));
  faults_.files->FailFrom(kWrite, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  ASSERT_FALSE(harness_->Append("a", MakeEvents(1)).ok());
  lines.Await("reopen_failed");
  faults_.files->Heal();
  auto next = harness_->Append("a", MakeEvents(1));
  while (HasReason(next.status(), Reason::kStoreUnavailable)) next = harness_->Append("a", MakeEvents(1));
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->head.epoch(), 1u);
  harness_.reset();
}

// Otherwise the cursors of lost events would be reused for other events, in the same epoch.
TEST_F(UnsyncedTest, AMarkerThatCannotBeLookedForIsNotTakenForNone) {
  const StoreOptions options = Options();
  Open(options);
  ASSERT_TRUE(harness_->Append("a", MakeEvents(1)).ok());
  faults_.files->CutPower();
  harness_.reset();
  Random random(TestSeed());
  faults_.files->RestorePower(random);
  faults_.files->FailOnce(kOpen, "/UNSYNCED", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  const absl::Status refused = OpenRocksDbEventLog(options).status();
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  Open(options);
  EXPECT_EQ(harness_->Append("a", MakeEvents(1))->head.epoch(), 1u);
  harness_.reset();
}

TEST_F(UnsyncedTest, TheMarkerDoesNotComeBackWithALossOfPower) {
  Random random(TestSeed());
  StoreOptions synced = Options();
  synced.durability = Durability::kDisk;
  for (int round = 0; round < 8; ++round) {
    Open(Options());
    ASSERT_TRUE(harness_->Append("a", MakeEvents(1)).ok());
    harness_.reset();  // Stopped cleanly.
    faults_.files->CutPower();
    faults_.files->RestorePower(random);
    ASSERT_FALSE(MarkerExists()) << "round " << round;

    Open(Options());
    faults_.files->CutPower();
    harness_.reset();
    faults_.files->RestorePower(random);
    ASSERT_TRUE(MarkerExists()) << "round " << round;
    Open(synced);  // Settles what was lost.
    faults_.files->CutPower();
    harness_.reset();
    faults_.files->RestorePower(random);
    ASSERT_FALSE(MarkerExists()) << "round " << round;
  }
}

TEST_F(UnsyncedTest, ACleanStopKeepsTheEpoch) {
  const StoreOptions options = Options();
  Open(options);
  for (uint64_t i = 1; i < 4; ++i) {
    ASSERT_EQ(harness_->Append("a", MakeEvents(1))->head, Cursor(i));
    harness_->Reopen();
  }
}

TEST_F(UnsyncedTest, AStoreThatCanTakeNoMoreIsReopenedAlsoIfNobodyAppends) {
  LogLines lines;
  StoreOptions options = Options();
  options.sync_interval = absl::Milliseconds(10);
  Open(options);
  ASSERT_TRUE(harness_->Append("a", MakeEvents(10)).ok());
  faults_.files->FailOnce(kWrite, ".sst", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  EXPECT_FALSE(playhead::testing::AwaitStatus([&](auto done) { harness_->log().Flush(std::move(done)); }).ok());
  lines.Await("event=reopened");
  EXPECT_EQ(harness_->ReadAll("a")->size(), 10u);
  harness_.reset();
}

// The distribution's build of RocksDB asserts that nobody does.
TEST_F(UnsyncedTest, ALogWithAFailedWriteIsNotSyncedAgain) {
  for (const auto operation : {kSync, kWrite}) {
    const auto store = Store::Open(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->NoteHistorySettled().ok());
    ASSERT_TRUE(Write(**store).ok());
    faults_.files->FailFrom(operation, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
    EXPECT_EQ(Write(**store).ok(), operation == kSync);
    for (int i = 0; i < 3; ++i) {
      const absl::Status status = (*store)->SyncLog();
      EXPECT_TRUE(HasReason(status, Reason::kStoreUnavailable)) << status;
    }
    EXPECT_TRUE((*store)->MarkCleanStop().ok());
    EXPECT_TRUE(MarkerExists());
    faults_.files->Heal();
  }
}

}  // namespace
}  // namespace playhead::storage
