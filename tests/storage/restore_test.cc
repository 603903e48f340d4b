// A restored store: what it contains, what a restore refuses, and that no cursor of the lost store denotes another
// event in it.
#include "storage/backup/restore.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/errors.h"
#include "storage/store/store.h"
#include "tests/storage/backup_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

class RestoreTest : public ::testing::Test {
 protected:
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_.path(), "/", name); }
  const TempDir dir_;
  const std::string backup_ = Path("backup");
};

TEST_F(RestoreTest, CursorsGivenOutAfterThePointAreRefusedWithTheLastGoodOne) {
  {
    LogHarness log(In(Path("data")));
    ASSERT_TRUE(log.Append("bot", MakeEvents(10)).ok());
    ASSERT_TRUE(BackUp(log.log(), backup_).ok());
    ASSERT_TRUE(log.Append("bot", MakeEvents(5, "lost")).ok());
    ASSERT_TRUE(log.Append("born-later", MakeEvents(3, "lost")).ok());
  }
  const auto report = RestoreTo(Path("restored"), backup_);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->epoch_floor, kRestoredEpochs);
  LogHarness restored(In(Path("restored")));
  const auto expect_diverged = [&](absl::string_view name, Cursor cursor, Cursor last_good) {
    const auto read = restored.ReadAll(name, cursor);
    EXPECT_TRUE(HasReason(read.status(), Reason::kCursorDiverged)) << read.status();
    EXPECT_EQ(ToProto(read.status()).last_good_cursor(), last_good.value());
  };
  for (const bool appended : {false, true}) {
    EXPECT_EQ(restored.ReadAll("bot", Cursor(10))->size(), appended ? 20u : 0u);
    for (uint64_t lost = 11; lost <= 15; ++lost) expect_diverged("bot", Cursor(lost), Cursor(10));
    for (uint64_t lost = 1; lost <= 3; ++lost) expect_diverged("born-later", Cursor(lost), Cursor());
    if (appended) break;
    const auto next = restored.Append("bot", MakeEvents(20, "new"));
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(next->first_new, Cursor(kRestoredEpochs, 11)) << "counts go on, in an epoch of its own";
    ASSERT_TRUE(restored.Append("born-later", MakeEvents(20, "new")).ok());
  }
}

TEST_F(RestoreTest, FoldersThatHoldEventsAreForTheirOwnerAlone) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  ASSERT_TRUE(RestoreTo(Path("restored"), backup_).ok());
  for (const std::string& dir : {Path("data"), backup_, Path("restored")}) {
    EXPECT_EQ(std::filesystem::status(dir).permissions(), std::filesystem::perms::owner_all) << dir;
  }
}

TEST_F(RestoreTest, NoTwoRestoresOfABackupShareAnEpoch) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(log.Append("bot", MakeEvents(1)).ok());
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  ASSERT_TRUE(RestoreTo(Path("one"), backup_).ok());
  {
    LogHarness one(In(Path("one")));
    ASSERT_TRUE(one.Append("bot", MakeEvents(1)).ok());
    const auto made = BackUp(one.log(), backup_);
    ASSERT_TRUE(made.ok()) << "the restored store goes on with its backup: " << made.status();
    EXPECT_EQ(made->point.epoch_floor, kRestoredEpochs);
  }
  const auto two = RestoreTo(Path("two"), backup_, 1);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->epoch_floor, 2 * kRestoredEpochs);
  const auto three = Restore({.backup_dir = backup_, .data_dir = Path("three"), .epoch_floor = 100});
  ASSERT_TRUE(three.ok()) << three.status();
  EXPECT_EQ(LogHarness(In(Path("three"))).Append("bot", MakeEvents(1))->head, Cursor(100, 3));
  const auto low = Restore({.backup_dir = backup_, .data_dir = Path("four"), .epoch_floor = kRestoredEpochs});
  EXPECT_EQ(low.status().code(), absl::StatusCode::kInvalidArgument) << low.status();
}

TEST_F(RestoreTest, IdentitiesAndCountsAreThoseOfThePoint) {
  {
    LogHarness log(In(Path("data")));
    ASSERT_TRUE(log.Append("bot", {{.data = "a", .id = "id-a"}}).ok());
    ASSERT_TRUE(log.Append("trimmed", MakeEvents(10)).ok());
    ASSERT_TRUE(log.Trim("trimmed", Cursor(8)).ok());
    ASSERT_TRUE(log.Append("gone", MakeEvents(1)).ok());
    ASSERT_TRUE(log.Delete("gone").ok());
    ASSERT_TRUE(BackUp(log.log(), backup_).ok());
    ASSERT_TRUE(log.Append("bot", {{.data = "b", .id = "id-b"}}).ok());
  }
  ASSERT_TRUE(RestoreTo(Path("restored"), backup_).ok());
  LogHarness restored(In(Path("restored")));
  EXPECT_EQ(restored.List("", "", 100)->size(), 2u);
  EXPECT_EQ(restored.Get("trimmed")->bounds->first, Cursor(8));
  const auto repeated = restored.Append("bot", {{.data = "a", .id = "id-a"}});
  EXPECT_TRUE(repeated->is_duplicate(0));
  const auto lost = restored.Append("bot", {{.data = "b", .id = "id-b"}});
  EXPECT_FALSE(lost->is_duplicate(0)) << "its event was lost: publishing it again stores it";
  EXPECT_EQ(restored.Append("gone", MakeEvents(1))->head.epoch(), kRestoredEpochs + 1);
}

TEST_F(RestoreTest, RefusesAFolderThatHoldsAnything) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  const auto refused = RestoreTo(Path("data"), backup_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  std::filesystem::create_directory(Path("used"));
  std::ofstream(Path("used/letter.txt")) << "mine";
  EXPECT_EQ(RestoreTo(Path("used"), backup_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(std::filesystem::exists(Path("used/letter.txt")));
  std::filesystem::create_directories(Path("mounted/lost+found"));
  EXPECT_TRUE(RestoreTo(Path("mounted"), backup_).ok());
}

TEST_F(RestoreTest, OneThatWasCutOffLeavesNoStoreAndIsDoneAgain) {
  {
    LogHarness log(In(Path("data")));
    ASSERT_TRUE(log.Append("bot", MakeEvents(10)).ok());
    ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  }
  const std::string data = Path("restored");
  ASSERT_TRUE(RestoreTo(data, backup_).ok());
  // As a kill leaves it while the files are moved into place.
  std::filesystem::create_directory(data + "/RESTORING");
  std::filesystem::rename(data + "/CURRENT", data + "/RESTORING/CURRENT");
  const auto refused = Store::Open(In(data));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition) << refused.status();
  ASSERT_TRUE(RestoreTo(data, backup_).ok());
  EXPECT_EQ(LogHarness(In(data)).ReadAll("bot")->size(), 10u);
  EXPECT_FALSE(std::filesystem::exists(data + "/RESTORING"));
}

TEST_F(RestoreTest, ADamagedPointIsNotRestored) {
  {
    LogHarness log(In(Path("data")));
    ASSERT_TRUE(log.Append("bot", MakeEvents(1000)).ok());
    ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(backup_ + "/shared_checksum")) {
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(20);
    file.put('\x55');
  }
  const auto refused = RestoreTo(Path("restored"), backup_);
  EXPECT_TRUE(HasReason(refused.status(), Reason::kDataLoss)) << refused.status();
  EXPECT_FALSE(std::filesystem::exists(Path("restored/CURRENT")));
}

// Appends to many instances while points are made; each point is compared with what was acknowledged before it.
TEST_F(RestoreTest, EveryPointMadeUnderLoadHasAllThatWasAcknowledgedAndNothingHalf) {
  constexpr int kWriters = 4;
  constexpr int kInstances = 12;
  constexpr int kPoints = 4;
  constexpr uint64_t kBatch = 7;  // Every batch has as many events, so whatever is not a multiple is half a batch.
  Random random(TestSeed());
  StoreOptions options = In(Path("data"));
  options.slice_bytes = 1 << 20;  // New slices and merges come while points are made.
  LogHarness log(options);
  absl::Mutex mu;
  std::map<std::string, uint64_t> acknowledged;  // Batches, by instance.
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> batches{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w, random = Random(random.Below(UINT64_MAX))]() mutable {
      while (!stop) {
        const std::string name = absl::StrCat("bot-", w, "-", random.Below(kInstances));
        const std::string data(random.Below(2000), 'x');
        std::vector<TestEvent> events;
        for (uint64_t i = 0; i < kBatch; ++i) events.push_back({.data = absl::StrCat(name, data)});
        ASSERT_TRUE(log.Append(name, events).ok());
        ++batches;
        absl::MutexLock lock(&mu);
        ++acknowledged[name];
      }
    });
  }
  std::vector<std::map<std::string, uint64_t>> before;
  for (int point = 0; point < kPoints; ++point) {
    const uint64_t enough = batches + 100;
    while (batches < enough) std::this_thread::yield();
    {
      absl::MutexLock lock(&mu);
      before.push_back(acknowledged);
    }
    const auto made = BackUp(log.log(), backup_);
    ASSERT_TRUE(made.ok()) << made.status();
  }
  stop = true;
  for (std::thread& writer : writers) writer.join();
  for (int point = 0; point < kPoints; ++point) {
    const std::string data = Path(absl::StrCat("restored", point));
    const auto restored = RestoreTo(data, backup_, static_cast<uint32_t>(point + 1));
    ASSERT_TRUE(restored.ok()) << restored.status();
    LogHarness copy(In(data));
    for (const auto& [name, count] : before[static_cast<size_t>(point)]) {
      const auto events = copy.ReadAll(name);
      ASSERT_TRUE(events.ok()) << events.status();
      EXPECT_GE(events->size(), count * kBatch) << name << " in point " << point + 1;
      EXPECT_EQ(events->size() % kBatch, 0u) << "half a batch of " << name << " in point " << point + 1;
      const auto live = log.ReadAll(name);
      ASSERT_TRUE(live.ok()) << live.status();
      ASSERT_LE(events->size(), live->size());
      for (size_t i = 0; i < events->size(); ++i) {
        ASSERT_EQ((*events)[i].cursor, (*live)[i].cursor);
        ASSERT_EQ((*events)[i].data, (*live)[i].data);
      }
    }
  }
}

}  // namespace
}  // namespace playhead::storage
