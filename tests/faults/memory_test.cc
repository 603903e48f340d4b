// A broker with too little memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

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

// Recent events are kept in memory, plain, while the disk has them compressed: with so much room for them that memory
// runs out, and the process ends wherever it is.
TEST_F(MemoryTest, WhatWasAcknowledgedIsThereAfterMemoryHasRunOut) {
  constexpr uint64_t kAppendsMax = 20'000;
  ASSERT_NO_FATAL_FAILURE(
      Serve({"--tail_bytes_max=8GiB"}, {.runner = {"prlimit", absl::StrCat("--data=", 1024 * kMiB)}}));
  SingleAppender appender(broker().address(), "p");
  const std::string data(200'000, 'x');
  uint64_t acknowledged = 0;
  while (acknowledged < kAppendsMax && appender.Append("bot", data, acknowledged + 1).ok()) ++acknowledged;
  ASSERT_LT(acknowledged, kAppendsMax) << "there was memory enough";
  ASSERT_GT(acknowledged, 100u);
  KillBroker();  // If it is still there.
  ASSERT_NO_FATAL_FAILURE(Serve());
  const std::vector<std::string> stored = DataOf("bot");
  EXPECT_GE(stored.size(), acknowledged);
  EXPECT_LE(stored.size(), acknowledged + 1);  // The one that was not answered.
  for (const std::string& event : stored) ASSERT_EQ(event, data);
  std::cout << acknowledged << " events acknowledged" << std::endl;
}

}  // namespace
}  // namespace playhead::testing
