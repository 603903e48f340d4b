// Too little memory for a broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/faults/fault_fixture.h"

namespace playhead::testing {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMiB = size_t{1} << 20;

using MemoryTest = FaultFixture;

TEST_F(MemoryTest, TooLittleAddressSpaceIsSaidPlainly) {
  const Refusal refusal = ServeInVain({}, {.runner = {"prlimit", absl::StrCat("--as=", 300 * kMiB)}});
  EXPECT_EQ(refusal.exit_code, 1);
  EXPECT_THAT(refusal.said, HasSubstr("may map only 300 MiB"));
  EXPECT_THAT(refusal.said, HasSubstr("ulimit -v"));
}

// At the least that it takes: else the check says too little.
TEST_F(MemoryTest, TheAddressSpaceThatIsWantedIsEnough) {
  ASSERT_NO_FATAL_FAILURE(Serve({}, {.runner = {"prlimit", absl::StrCat("--as=", 2048 * kMiB)}}));
  SingleAppender appender(broker().address(), "p");
  for (uint64_t i = 1; i <= 200; ++i) ASSERT_TRUE(appender.Append("bot", std::string(100'000, 'x'), i).ok());
  EXPECT_EQ(DataOf("bot").size(), 200u);
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
