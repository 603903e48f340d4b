// What a backup contains, what it costs, and what it refuses.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/backup/backup_archive.h"
#include "storage/verify/verify_files.h"
#include "tests/storage/backup_harness.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

// Neither compressible nor the same twice.
std::string Noise(Random& random, size_t bytes) {
  std::string noise(bytes, '\0');
  for (char& c : noise) c = static_cast<char>('!' + random.Below(90));
  return noise;
}

bool AnyFileHas(const std::string& dir, absl::string_view text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    if (absl::StrContains(std::string{std::istreambuf_iterator<char>(file), {}}, text)) return true;
  }
  return false;
}

uint64_t BytesIn(const std::string& dir) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

class BackupTest : public ::testing::Test {
 protected:
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_.path(), "/", name); }
  const TempDir dir_;
  const std::string backup_ = Path("backup");
};

TEST_F(BackupTest, ASecondPointCopiesOnlyWhatIsNew) {
  Random random(TestSeed());
  LogHarness log(In(Path("data")));
  constexpr size_t kFirst = 4 << 20;
  constexpr size_t kSecond = 64 << 10;
  for (size_t bytes = 0; bytes < kFirst; bytes += 32 << 10) {
    ASSERT_TRUE(log.Append("bot", {{.data = Noise(random, 32 << 10)}}).ok());
  }
  const auto first = BackUp(log.log(), backup_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GE(first->copied_bytes, kFirst);
  EXPECT_EQ(first->points, 1u);
  ASSERT_TRUE(log.Append("bot", {{.data = Noise(random, kSecond)}}).ok());
  const auto second = BackUp(log.log(), backup_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_GT(second->point.number, first->point.number);
  EXPECT_EQ(second->points, 2u);
  EXPECT_GE(second->copied_bytes, kSecond);
  EXPECT_LE(second->copied_bytes, kSecond + (256 << 10)) << "manifest, options, and small files at most";
  EXPECT_LE(BytesIn(backup_), kFirst + kSecond + (1 << 20)) << "what both points have stands in it once";
}

TEST_F(BackupTest, KeepsAsManyPointsAsItIsToldTo) {
  LogHarness log(In(Path("data")));
  for (uint32_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(log.Append("bot", MakeEvents(10)).ok());
    const auto made = BackUp(log.log(), backup_, /*keep=*/3);
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(made->points, std::min(i, 3u));
  }
  const auto reader = BackupReader::Open(*rocksdb::Env::Default(), backup_);
  ASSERT_TRUE(reader.ok()) << reader.status();
  ASSERT_EQ((*reader)->points().size(), 3u);
  for (uint32_t number = 3; number <= 5; ++number) {
    const std::string data = Path(absl::StrCat("restored", number));
    ASSERT_TRUE(RestoreTo(data, backup_, number).ok());
    LogHarness restored(In(data));
    EXPECT_EQ(restored.ReadAll("bot")->size(), 10 * number);
  }
  EXPECT_TRUE(HasReason(RestoreTo(Path("none"), backup_, 1).status(), Reason::kBackupNotFound));
}

TEST_F(BackupTest, OfADeletedInstanceNothingIsLeftOnceThePointsBeforeItAreGone) {
  LogHarness log(In(Path("data")));
  const std::string name = "the-deleted-one@example.org";
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(log.Append(name, {{.data = absl::StrCat("qZ7-secret-", i * 7919), .id = absl::StrCat("id", i)}}).ok());
    ASSERT_TRUE(log.Append("kept", MakeEvents(1)).ok());
  }
  ASSERT_TRUE(BackUp(log.log(), backup_, /*keep=*/2).ok());
  ASSERT_TRUE(AnyFileHas(backup_, "qZ7-secret-"));
  ASSERT_TRUE(log.Delete(name).ok());
  // The erasure runs by itself, and is over when no file of the store has the bytes: nothing but to look.
  while (AnyFileHas(Path("data"), "qZ7-secret-") || AnyFileHas(Path("data"), name)) std::this_thread::yield();
  ASSERT_TRUE(BackUp(log.log(), backup_, 2).ok());
  ASSERT_TRUE(BackUp(log.log(), backup_, 2).ok());
  EXPECT_FALSE(AnyFileHas(backup_, "qZ7-secret-"));
  EXPECT_FALSE(AnyFileHas(backup_, name));
}

TEST_F(BackupTest, AListThatContradictsAnotherIsNamed) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(log.Append("bot", MakeEvents(10)).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  const std::string path = Path("backup/meta/2");
  std::stringstream list;
  list << std::ifstream(path).rdbuf();
  std::string text = list.str();
  // The first point has this file, too.
  const size_t checksum = text.find(" crc32 ", text.find("shared_checksum/")) + sizeof(" crc32 ") - 1;
  ASSERT_LT(checksum, text.size());
  text[checksum] = text[checksum] == '1' ? '2' : '1';
  std::ofstream(path) << text;

  const absl::Status backup = BackUp(log.log(), backup_).status();
  EXPECT_TRUE(HasReason(backup, Reason::kDataLoss)) << backup;
  EXPECT_TRUE(HasReason(RestoreTo(Path("restored"), backup_).status(), Reason::kDataLoss));
  std::vector<std::string> found;
  const VerifyListener listener = {.finding = [&](const Finding& finding) { found.push_back(finding.what); }};
  EXPECT_TRUE(VerifyBackup(backup_, 0, {.bytes_per_second = 0}, JobControl(), listener).ok());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(absl::StrContains(found[0], "which point 2 needs")) << found[0];
  EXPECT_TRUE(absl::StrContains(found[1], "meta/1 or meta/2 is damaged")) << found[1];
  std::filesystem::remove(path);
  EXPECT_TRUE(RestoreTo(Path("restored"), backup_).ok());
}

TEST_F(BackupTest, RefusesAFolderThatIsNotItsOwn) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(log.Append("bot", MakeEvents(1)).ok());
  EXPECT_TRUE(HasReason(BackUp(log.log(), Path("data")).status(), Reason::kBackupDirRefused)) << "its own store's";
  EXPECT_TRUE(HasReason(BackUp(log.log(), Path("no/such")).status(), Reason::kBackupDirRefused));
  std::filesystem::create_directory(backup_);
  std::ofstream(Path("backup/letter.txt")) << "mine";
  EXPECT_TRUE(HasReason(BackUp(log.log(), backup_).status(), Reason::kBackupDirRefused));
  EXPECT_TRUE(std::filesystem::exists(Path("backup/letter.txt")));
  std::filesystem::remove(Path("backup/letter.txt"));
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  LogHarness other(In(Path("other")));
  const auto refused = BackUp(other.log(), backup_);
  EXPECT_TRUE(HasReason(refused.status(), Reason::kBackupDirRefused)) << refused.status();
}

TEST_F(BackupTest, IsForItsOwnerAlone) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  EXPECT_EQ(std::filesystem::status(backup_).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(BackupTest, OneAtATimeAndOneThatIsCalledOffLeavesNoPoint) {
  Random random(TestSeed());
  LogHarness log(In(Path("data")));
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(log.Append("bot", {{.data = Noise(random, 64 << 10)}}).ok());
  const auto control = std::make_shared<JobControl>();
  absl::Status other;
  const auto canceled = BackUp(
      log.log(), backup_, 7,
      [&](const BackupProgress&) {
        if (control->canceled()) return;
        other = BackUp(log.log(), Path("elsewhere")).status();
        control->Cancel();
      },
      control);
  EXPECT_TRUE(absl::IsCancelled(canceled.status())) << canceled.status();
  EXPECT_TRUE(HasReason(other, Reason::kJobRunning)) << other;
  EXPECT_TRUE(HasReason(RestoreTo(Path("restored"), backup_).status(), Reason::kBackupNotFound));
  const auto made = BackUp(log.log(), backup_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_LE(BytesIn(backup_), made->point.bytes + (64 << 10)) << "what was cut off is cleared away";
}

TEST_F(BackupTest, AFolderHasOneWriter) {
  LogHarness log(In(Path("data")));
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  rocksdb::FileLock* lock = nullptr;
  ASSERT_TRUE(rocksdb::Env::Default()->LockFile(backup_ + "/LOCK", &lock).ok());
  EXPECT_TRUE(HasReason(BackUp(log.log(), backup_).status(), Reason::kJobRunning));
  ASSERT_TRUE(rocksdb::Env::Default()->UnlockFile(lock).ok());
  EXPECT_TRUE(BackUp(log.log(), backup_).ok());
}

TEST_F(BackupTest, RefusesBeforeTheDiskIsFull) {
  const auto files = std::make_shared<FaultFileSystem>();
  const auto env = rocksdb::NewCompositeEnv(files);
  StoreOptions options = In(Path("data"));
  options.env = env.get();
  LogHarness log(options);
  Random random(TestSeed());
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(log.Append("bot", {{.data = Noise(random, 64 << 10)}}).ok());
  files->set_free_bytes(options.disk_free_bytes_min + (512 << 10));
  const auto refused = BackUp(log.log(), backup_);
  EXPECT_TRUE(HasReason(refused.status(), Reason::kDiskLow)) << refused.status();
  files->set_free_bytes(std::nullopt);
  EXPECT_TRUE(BackUp(log.log(), backup_).ok());
}

TEST_F(BackupTest, AFailedCopyLeavesThePointsBeforeItAndIsClearedAwayByTheNext) {
  const auto files = std::make_shared<FaultFileSystem>();
  const auto env = rocksdb::NewCompositeEnv(files);
  StoreOptions options = In(Path("data"));
  options.env = env.get();
  Random random(TestSeed());
  LogHarness log(options);
  ASSERT_TRUE(log.Append("bot", MakeEvents(10)).ok());
  ASSERT_TRUE(BackUp(log.log(), backup_).ok());
  ASSERT_TRUE(log.Append("bot", {{.data = Noise(random, 1 << 20)}}).ok());
  // Only a backup writes files of this name.
  files->FailOnce(FaultFileSystem::Operation::kSync, ".tmp", 0, rocksdb::IOStatus::IOError("the disk is gone"));
  const auto failed = BackUp(log.log(), backup_);
  EXPECT_TRUE(HasReason(failed.status(), Reason::kStoreUnavailable)) << failed.status();
  EXPECT_FALSE(files->fault_pending());
  EXPECT_TRUE(log.Append("bot", MakeEvents(1)).ok()) << "the store has nothing to do with it";
  ASSERT_TRUE(RestoreTo(Path("before"), backup_).ok());
  EXPECT_EQ(LogHarness(In(Path("before"))).ReadAll("bot")->size(), 10u);
  const auto made = BackUp(log.log(), backup_);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->points, 2u);
}

}  // namespace
}  // namespace playhead::storage
