#include "tools/doctor/data_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/time/time.h"
#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

TEST(DoctorDataFolderTest, ADiskThatIsTooSlowOrTooFastToBeTrueIsWarnedOf) {
  EXPECT_EQ(JudgeDiskSpeed(absl::Microseconds(140), absl::Milliseconds(2)).severity, Severity::kGood);
  EXPECT_EQ(JudgeDiskSpeed(absl::Milliseconds(20), absl::Milliseconds(50)).severity, Severity::kWarning);
  const Diagnosis liar = JudgeDiskSpeed(absl::Microseconds(2), absl::Microseconds(9));
  EXPECT_EQ(liar.severity, Severity::kWarning);
  EXPECT_THAT(liar.advice, HasSubstr("from memory"));
}

TEST(DoctorDataFolderTest, FreeSpaceIsHeldAgainstTheWatermarkThatIsConfigured) {
  storage::StoreOptions store;
  store.disk_free_bytes_min = uint64_t{1} << 30;
  store.slice_bytes = uint64_t{1} << 20;
  EXPECT_EQ(JudgeFreeSpace(uint64_t{2} << 30, store).severity, Severity::kGood);
  EXPECT_EQ(JudgeFreeSpace((uint64_t{1} << 30) + 1, store).code, "DISK_NEARLY_LOW");
  const Diagnosis low = JudgeFreeSpace(uint64_t{512} << 20, store);
  EXPECT_EQ(low.severity, Severity::kProblem);
  EXPECT_THAT(low.finding, HasSubstr("below 1024 MiB"));
  store.disk_free_bytes_min = 0;
  EXPECT_EQ(JudgeFreeSpace(uint64_t{512} << 20, store).code, "DISK_WATERMARK_OFF");
}

TEST(DoctorDataFolderTest, AFolderIsForItsOwnerAlone) {
  const TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0700), 0);
  EXPECT_EQ(CheckFolder(dir.path()).severity, Severity::kGood);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0750), 0);
  EXPECT_THAT(CheckFolder(dir.path()).advice, HasSubstr("chmod 700"));
  EXPECT_EQ(CheckFolder(dir.path() + "/later").severity, Severity::kNote);
  const std::string file = dir.path() + "/file";
  std::ofstream(file) << "x";
  EXPECT_EQ(CheckFolder(file).severity, Severity::kProblem);
}

TEST(DoctorDataFolderTest, MeasuringLeavesNothingBehind) {
  const TempDir dir;
  EXPECT_THAT(CheckDiskSpeed(dir.path()).finding, HasSubstr("a synced write of 4 KiB takes"));
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  storage::StoreOptions store;
  store.data_dir = dir.path();
  EXPECT_NE(CheckFreeSpace(store).finding, "");
}

}  // namespace
}  // namespace playhead::tools
