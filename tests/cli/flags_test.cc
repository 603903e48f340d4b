#include "tools/cli/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace playhead::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    flags_.Text("name", &name_, "NAME", "A name.");
    flags_.Number<uint32_t>("count", &count_, 1, 10, "A number.");
    flags_.Bytes<size_t>("size", &size_, 1, 1 << 20, "A size.");
    flags_.Duration("wait", &wait_, absl::ZeroDuration(), absl::Hours(1), "A time.");
    flags_.Bool("quick", &quick_, "A switch.");
    flags_.Texts("at", &at_, "POINTER", "A list.");
  }

  std::string WriteFile(const std::string& text) {
    const std::string path =
        testing::TempDir() + "/" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".flags";
    std::ofstream(path) << text;
    return path;
  }

  std::string name_ = "nobody";
  uint32_t count_ = 3;
  size_t size_ = 4096;
  absl::Duration wait_ = absl::Seconds(1);
  bool quick_ = false;
  std::vector<std::string> at_;
  FlagSet flags_;
};

TEST_F(FlagsTest, ReadsEveryKindAndLeavesTheRest) {
  const auto rest = flags_.Parse({"first", "--name=x=y", "--count", "7", "--size=64KiB", "--wait=2s", "--quick",
                                  "--at=/a", "second", "--at=/b", "--", "--third"},
                                 {});
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_THAT(*rest, ElementsAre("first", "second", "--third"));
  EXPECT_EQ(name_, "x=y");
  EXPECT_EQ(count_, 7u);
  EXPECT_EQ(size_, 65536u);
  EXPECT_EQ(wait_, absl::Seconds(2));
  EXPECT_TRUE(quick_);
  EXPECT_THAT(at_, ElementsAre("/a", "/b"));
}

TEST_F(FlagsTest, TheCommandLineWinsThenTheEnvironmentThenTheFile) {
  const std::string file = WriteFile("# All of them.\nname=file\n  --count=4\n\nsize=2\nquick\n");
  const auto rest =
      flags_.Parse({"--flagfile=" + file, "--name=line"}, {{"PLAYHEAD_NAME", "env"}, {"PLAYHEAD_COUNT", "5"}});
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ(name_, "line");
  EXPECT_EQ(count_, 5u);
  EXPECT_EQ(size_, 2u);
  EXPECT_TRUE(quick_);
  EXPECT_EQ(wait_, absl::Seconds(1));
  EXPECT_TRUE(flags_.WasSet("size"));
  EXPECT_FALSE(flags_.WasSet("wait"));
}

TEST_F(FlagsTest, TheLastOnTheCommandLineCounts) {
  ASSERT_TRUE(flags_.Parse({"--count=1", "--count=2"}, {}).ok());
  EXPECT_EQ(count_, 2u);
}

TEST_F(FlagsTest, RefusesWithTheReason) {
  const auto refusal = [this](std::vector<std::string> args) {
    return std::string(flags_.Parse(args, {}).status().message());
  };
  EXPECT_THAT(refusal({"--nmae=x"}), HasSubstr("unknown flag --nmae"));
  EXPECT_THAT(refusal({"-n"}), HasSubstr("unknown flag -n"));
  EXPECT_THAT(refusal({"--name"}), HasSubstr("--name needs a value"));
  EXPECT_THAT(refusal({"--count=11"}), HasSubstr("--count: \"11\" is not a number from 1 to 10"));
  EXPECT_THAT(refusal({"--count=-1"}), HasSubstr("is not a number"));
  EXPECT_THAT(refusal({"--size=2MiB"}), HasSubstr("a size from 1 to 1MiB"));
  EXPECT_THAT(refusal({"--wait=2h"}), HasSubstr("a time from 0 to 1h"));
  EXPECT_THAT(refusal({"--quick=maybe"}), HasSubstr("true or false"));
  EXPECT_THAT(refusal({"--flagfile=/nonexistent"}), HasSubstr("cannot read the flag file"));
}

TEST_F(FlagsTest, NamesTheLineOfTheFileAndTheVariable) {
  const std::string file = WriteFile("name=x\ncount=12\n");
  EXPECT_THAT(std::string(flags_.Parse({"--flagfile=" + file}, {}).status().message()), HasSubstr(file + ":2"));
  EXPECT_THAT(std::string(flags_.Parse({}, {{"PLAYHEAD_COUNT", "x"}}).status().message()), HasSubstr("PLAYHEAD_COUNT"));
}

TEST_F(FlagsTest, HelpNeedsNothingElseToBeRight) {
  ASSERT_TRUE(flags_.Parse({"--count=99", "--help"}, {}).ok());
  EXPECT_TRUE(flags_.help_asked());
  EXPECT_THAT(flags_.Describe(80), HasSubstr("--size=SIZE  (4KiB)\n      A size."));
}

}  // namespace
}  // namespace playhead::tools
