// kill -9 at random moments, many times on the same store: every acknowledged event is there, once, at its cursor.
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

constexpr char kWriter[] = "tests/crash/crash_writer";

// A running crash_writer.
class Writer {
 public:
  Writer(const std::string& dir, uint64_t seed, const std::string& trims = "300") {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const std::string seed_text = absl::StrCat(seed);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      close(ends[1]);
      execl(kWriter, kWriter, dir.c_str(), seed_text.c_str(), trims.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    lines_ = fdopen(ends[0], "r");
  }
  ~Writer() { fclose(lines_); }

  // The next acknowledged append; false once the process is gone.
  bool NextLine(std::string& line) {
    char buffer[256];
    if (fgets(buffer, sizeof(buffer), lines_) == nullptr) return false;
    line = buffer;
    return true;
  }

  void Kill() { kill(pid_, SIGKILL); }

  // How it ended.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_;
  FILE* lines_;
};

// (instance, cursor) -> how the event's data begins.
using Acknowledged = std::map<std::pair<std::string, uint64_t>, std::string>;

void Note(const std::string& line, Acknowledged& acknowledged) {
  ASSERT_TRUE(absl::EndsWith(line, "\n")) << "a cut line";
  const std::vector<std::string> words = absl::StrSplit(line.substr(0, line.size() - 1), ' ');
  ASSERT_EQ(words.size(), 4u) << line;
  uint64_t first = 0;
  uint64_t count = 0;
  ASSERT_TRUE(absl::SimpleAtoi(words[1], &first) && absl::SimpleAtoi(words[2], &count)) << line;
  for (uint64_t i = 0; i < count; ++i) {
    const bool fresh = acknowledged.emplace(std::pair(words[0], first + i), absl::StrCat(words[3], i, ".")).second;
    ASSERT_TRUE(fresh) << "cursor " << first + i << " of " << words[0] << " was given twice";
  }
}

void Check(LogHarness& log, const Acknowledged& acknowledged) {
  const auto instances = log.List("", "", 100);
  ASSERT_TRUE(instances.ok()) << instances.status();
  std::map<std::string, LogBounds> bounds;
  std::set<std::string> seen;
  std::map<std::pair<std::string, uint64_t>, std::string> found;
  for (const InstanceInfo& info : *instances) {
    bounds[info.name] = *info.bounds;
    const auto events = log.ReadAll(info.name, info.bounds->BeforeFirst());
    ASSERT_TRUE(events.ok()) << info.name << ": " << events.status();
    uint64_t expected = info.bounds->first.value();
    for (const TestEvent& event : *events) {
      ASSERT_EQ(event.cursor, expected++) << info.name;
      ASSERT_TRUE(seen.insert(event.data).second) << "twice: " << event.data.substr(0, 40);
      found[{info.name, event.cursor}] = event.data;
    }
    ASSERT_EQ(expected, info.bounds->head.value() + 1);
  }
  for (const auto& [place, prefix] : acknowledged) {
    ASSERT_LE(place.second, bounds[place.first].head.value()) << place.first;
    if (place.second < bounds[place.first].first.value()) continue;  // Trimmed.
    ASSERT_TRUE(absl::StartsWith(found[place], prefix)) << place.first << " at " << place.second;
  }
}

TEST(CrashTest, EveryAcknowledgedEventSurvivesKills) {
  const uint64_t seed = TestSeed();
  Random random(seed);
  const TempDir dir;
  Acknowledged acknowledged;
  for (uint64_t round = 0; round < 25; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Writer writer(dir.path(), seed * 1000 + round);
    std::string line;
    // Some are killed while they start.
    for (uint64_t left = random.OneIn(5) ? 0 : 1 + random.Skewed(700); left > 0 && writer.NextLine(line); --left) {
      Note(line, acknowledged);
    }
    writer.Kill();
    while (writer.NextLine(line)) Note(line, acknowledged);
    const int status = writer.Wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
    if (round % 3 == 0) {
      LogHarness log({.data_dir = dir.path()});
      Check(log, acknowledged);
    }
    if (HasFatalFailure()) return;
  }
  LogHarness log({.data_dir = dir.path()});
  Check(log, acknowledged);
  EXPECT_GT(acknowledged.size(), 1000u);
}

// The oldest slice of a closed store, by its number.
uint32_t OldestSlice(const std::string& dir) {
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir, &names).ok());
  uint32_t oldest = std::numeric_limits<uint32_t>::max();
  for (const std::string& name : names) {
    uint32_t number = 0;
    if (absl::StartsWith(name, "events.") && absl::SimpleAtoi(name.substr(7), &number))
      oldest = std::min(oldest, number);
  }
  return oldest;
}

TEST(CrashTest, WhatIsKeptSurvivesKillsWhileSpaceIsGivenBack) {
  const uint64_t seed = TestSeed();
  Random random(seed);
  const TempDir dir;
  Acknowledged acknowledged;
  // On a busy machine a round may be over before anything is given back.
  for (uint64_t round = 0; round < 8 || (round < 40 && OldestSlice(dir.path()) == 1); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    Writer writer(dir.path(), seed * 1000 + round, "20");
    std::string line;
    if (writer.NextLine(line)) Note(line, acknowledged);
    // Long enough for a round of reclaiming to be under way: one begins in the first second after the log is open.
    const absl::Time end = absl::Now() + absl::Milliseconds(1000 + random.Below(1500));
    while (absl::Now() < end && writer.NextLine(line)) Note(line, acknowledged);
    writer.Kill();
    while (writer.NextLine(line)) Note(line, acknowledged);
    const int status = writer.Wait();
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << status;
    LogHarness log({.data_dir = dir.path()});
    Check(log, acknowledged);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(OldestSlice(dir.path()), 1u) << "nothing was ever given back";
}

}  // namespace
}  // namespace playhead::storage
