// What the doctor makes of what it finds.
#include "tools/doctor/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/time/clock.h"
#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

TEST(DiagnosisTest, ADiskThatIsTooSlowOrTooFastToBeTrueIsWarnedOf) {
  EXPECT_EQ(JudgeDiskSpeed(absl::Microseconds(140), absl::Milliseconds(2)).severity, Severity::kGood);
  EXPECT_EQ(JudgeDiskSpeed(absl::Milliseconds(20), absl::Milliseconds(50)).severity, Severity::kWarning);
  const Diagnosis liar = JudgeDiskSpeed(absl::Microseconds(2), absl::Microseconds(9));
  EXPECT_EQ(liar.severity, Severity::kWarning);
  EXPECT_THAT(liar.advice, HasSubstr("from memory"));
}

TEST(DiagnosisTest, LimitsAreHeldAgainstWhatABrokerNeeds) {
  EXPECT_EQ(JudgeOpenFiles(65'536).severity, Severity::kGood);
  EXPECT_EQ(JudgeOpenFiles(1024).severity, Severity::kWarning);
  EXPECT_EQ(JudgeMemory(uint64_t{1} << 30).severity, Severity::kGood);
  EXPECT_EQ(JudgeMemory(uint64_t{64} << 20).severity, Severity::kWarning);
}

TEST(DiagnosisTest, AClockBehindTheStoreIsAProblem) {
  const absl::Time now = absl::Now();
  EXPECT_EQ(JudgeClock(now, now - absl::Hours(1), true).severity, Severity::kGood);
  EXPECT_EQ(JudgeClock(now, absl::InfinitePast(), true).severity, Severity::kGood);
  EXPECT_EQ(JudgeClock(now, now - absl::Hours(1), false).severity, Severity::kWarning);
  const Diagnosis behind = JudgeClock(now, now + absl::Hours(2), true);
  EXPECT_EQ(behind.severity, Severity::kProblem);
  EXPECT_THAT(behind.finding, HasSubstr("2h behind"));
}

TEST(DiagnosisTest, AFolderIsForItsOwnerAlone) {
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

TEST(DiagnosisTest, ASecretIsForItsOwnerAlone) {
  const TempDir dir;
  const std::string file = dir.path() + "/secret";
  EXPECT_EQ(CheckSecretFile("secret", file, /*is_optional=*/true).severity, Severity::kGood);
  EXPECT_EQ(CheckSecretFile("secret", file, /*is_optional=*/false).severity, Severity::kProblem);
  std::ofstream(file) << "do not tell";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(CheckSecretFile("secret", file, false).severity, Severity::kGood);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const Diagnosis open = CheckSecretFile("secret", file, false);
  EXPECT_EQ(open.severity, Severity::kProblem);
  EXPECT_THAT(open.finding, ::testing::Not(HasSubstr("do not tell")));
}

TEST(DiagnosisTest, MeasuringLeavesNothingBehind) {
  const TempDir dir;
  EXPECT_THAT(CheckDiskSpeed(dir.path()).finding, HasSubstr("a synced write of 4 KiB takes"));
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  EXPECT_NE(CheckFreeSpace(dir.path()).finding, "");
}

}  // namespace
}  // namespace playhead::tools
