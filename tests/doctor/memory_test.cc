#include "tools/doctor/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace playhead::tools {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Control group hierarchies in the form in which a kernel shows them.
class CgroupBoundTest : public ::testing::Test {
 protected:
  void Set(const std::string& file, const std::string& value) {
    const std::filesystem::path path = root() + "/" + file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << value << "\n";
  }
  std::string root() const { return dir_.path(); }

 private:
  const testing::TempDir dir_;
};

TEST_F(CgroupBoundTest, TheLeastLimitOnTheWayUpCounts) {
  Set("a.slice/b.service/memory.max", "max");
  Set("a.slice/memory.max", "1073741824");
  Set("other/memory.max", "1");
  const auto bound = FindCgroupBound("0::/a.slice/b.service\n", root());
  ASSERT_TRUE(bound.has_value());
  EXPECT_EQ(bound->bytes, uint64_t{1} << 30);
  EXPECT_THAT(bound->whose, EndsWith("a.slice/memory.max"));
  Set("a.slice/b.service/memory.max", "1000");
  EXPECT_EQ(FindCgroupBound("0::/a.slice/b.service\n", root())->bytes, 1000u);
  EXPECT_FALSE(FindCgroupBound("0::/unlimited\n", root()).has_value());
}

TEST_F(CgroupBoundTest, VersionOneHasItUnderItsController) {
  Set("memory/docker/abc/memory.limit_in_bytes", "5000");
  Set("memory/memory.limit_in_bytes", "9223372036854771712");
  Set("cpu/docker/abc/memory.limit_in_bytes", "1");
  EXPECT_EQ(FindCgroupBound("5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/\n", root())->bytes, 5000u);
  Set("unified/x/memory.max", "400");
  EXPECT_EQ(FindCgroupBound("4:memory:/docker/abc\n0::/x\n", root())->bytes, 400u);
}

TEST_F(CgroupBoundTest, AGroupThatIsNotToBeSeenIsTheMountedOne) {
  Set("memory.max", "7000");  // In a container, which sees its own group as the root.
  EXPECT_EQ(FindCgroupBound("0::/system.slice/docker-1.scope\n", root())->bytes, 7000u);
  EXPECT_EQ(FindCgroupBound("0::/../other\n", root())->bytes, 7000u);
}

TEST(DoctorMemoryTest, TheMachineBoundsAProcessThatNobodyElseDoes) {
  const MemoryBound bound = FindMemoryBound("self");
  EXPECT_GT(bound.bytes, 0u);
  EXPECT_NE(bound.whose, "");
}

TEST(DoctorMemoryTest, BudgetsAreAddedUpAndHeldAgainstWhatThereIs) {
  broker::ServerOptions options;
  const MemoryBudgets defaults = MemoryBudgetsOf(options);
  options.limits.tail_bytes_max += uint64_t{1} << 30;
  EXPECT_EQ(MemoryBudgetsOf(options).shared, defaults.shared + (uint64_t{1} << 30));
  options.store.write_buffer_bytes += uint64_t{1} << 20;
  EXPECT_EQ(MemoryBudgetsOf(options).shared, defaults.shared + (uint64_t{1} << 30) + (uint64_t{2} << 20));
  options.http_listen = "127.0.0.1:0";
  EXPECT_GT(MemoryBudgetsOf(options).per_connection, defaults.per_connection);

  const MemoryBudgets budgets = {.shared = uint64_t{1} << 30, .per_connection = uint64_t{1} << 29};
  EXPECT_EQ(JudgeMemory({uint64_t{4} << 30, "the machine"}, budgets).severity, Severity::kGood);
  EXPECT_EQ(JudgeMemory({uint64_t{5} << 28, "the machine"}, budgets).code, "MEMORY_NOT_FOR_ALL_CONNECTIONS");
  const Diagnosis much = JudgeMemory({uint64_t{1} << 29, "/x/memory.max"}, budgets);
  EXPECT_EQ(much.code, "MEMORY_BUDGETS_TOO_LARGE");
  EXPECT_THAT(much.finding, HasSubstr("512 MiB by /x/memory.max; the budgets add up to 1024 MiB"));
  EXPECT_EQ(JudgeMemory({uint64_t{64} << 20, "the machine"}, budgets).code, "MEMORY_LOW");
}

}  // namespace
}  // namespace playhead::tools
