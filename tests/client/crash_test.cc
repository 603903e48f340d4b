// "Process, then save": a reader that is killed with -9 again and again, while the broker is restarted now and then.

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/client.h"
#include "client/testing/test_broker.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

constexpr uint64_t kEvents = 3000;
constexpr int kKills = 12;

class CrashTest : public ::testing::Test {
 protected:
  pid_t StartReader() {
    const std::string program = absl::StrCat(std::getenv("TEST_SRCDIR"), "/playhead/tests/client/cursor_reader");
    std::string arguments[] = {program, broker_->target(), "bot", folder_.path() + "/cursors", effects_};
    char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                    arguments[3].data(), arguments[4].data(), nullptr};
    pid_t pid = 0;
    EXPECT_EQ(posix_spawn(&pid, program.c_str(), nullptr, nullptr, argv, environ), 0);
    return pid;
  }

  uint64_t CountEffects() const {
    std::ifstream file(effects_);
    return static_cast<uint64_t>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }

  const testing::TempDir folder_;
  const std::string effects_ = folder_.path() + "/effects";
  std::unique_ptr<TestBroker> broker_;
};

TEST_F(CrashTest, AReaderKilledAnywhereSkipsNothingAndRepeatsAtMostTheEventItDiedIn) {
  absl::StatusOr<std::unique_ptr<TestBroker>> broker = TestBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  broker_ = *std::move(broker);
  Publisher publisher = *broker_->NewClient().NewPublisher();
  for (uint64_t i = 1; i <= kEvents; ++i) {
    const std::string data = absl::StrCat("event ", i);
    ASSERT_TRUE(publisher.Append("bot", {.type = "t", .data = data}, nullptr).ok());
  }
  ASSERT_TRUE(publisher.Flush().ok());

  for (int round = 1; round <= kKills; ++round) {
    const pid_t reader = StartReader();
    while (CountEffects() < kEvents * static_cast<uint64_t>(round) / (kKills + 1)) usleep(500);
    if (round % 4 == 0) {
      ASSERT_TRUE(broker_->Restart().ok());
    }
    ASSERT_EQ(kill(reader, SIGKILL), 0);
    ASSERT_EQ(waitpid(reader, nullptr, 0), reader);
  }
  const pid_t reader = StartReader();
  const std::string last = absl::StrCat("\n", kEvents, " event ", kEvents, "\n");
  std::string effects;
  do {
    usleep(500);
    std::ifstream file(effects_);
    effects.assign(std::istreambuf_iterator<char>(file), {});
  } while (!absl::EndsWith(effects, last));
  ASSERT_EQ(kill(reader, SIGKILL), 0);
  ASSERT_EQ(waitpid(reader, nullptr, 0), reader);

  uint64_t expected = 1;
  int repeated = 0;
  for (const absl::string_view line : absl::StrSplit(effects, '\n', absl::SkipEmpty())) {
    uint64_t cursor;
    ASSERT_TRUE(absl::SimpleAtoi(line.substr(0, line.find(' ')), &cursor)) << line;
    if (cursor == expected - 1 && expected > 1) {
      ++repeated;
    } else {
      ASSERT_EQ(cursor, expected++);
    }
    ASSERT_EQ(line, absl::StrCat(cursor, " event ", cursor));
  }
  EXPECT_EQ(expected, kEvents + 1);
  EXPECT_LE(repeated, kKills);
}

}  // namespace
}  // namespace playhead
