#include "tools/doctor/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

TEST(DoctorSecretFileTest, ASecretIsForItsOwnerAlone) {
  const TempDir dir;
  const std::string file = dir.path() + "/secret";
  EXPECT_EQ(CheckSecretFile("secret", file, /*is_optional=*/true).severity, Severity::kGood);
  EXPECT_EQ(CheckSecretFile("secret", file, /*is_optional=*/false).code, "SECRET_FILE_MISSING");
  std::ofstream(file) << "do not tell";
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_EQ(CheckSecretFile("secret", file, false).severity, Severity::kGood);
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const Diagnosis open = CheckSecretFile("secret", file, false);
  EXPECT_EQ(open.severity, Severity::kProblem);
  EXPECT_THAT(open.finding, ::testing::Not(HasSubstr("do not tell")));
}

}  // namespace
}  // namespace playhead::tools
