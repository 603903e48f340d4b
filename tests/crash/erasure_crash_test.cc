// kill -9 while events are being erased: an erasure that was accepted stays hidden from reads, is completed, and leaves
// no bytes in any file.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::FilesWith;
using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;
using playhead::testing::Token;

constexpr char kVictim[] = "tests/crash/erasure_victim";
constexpr int kCustomers = 24;
constexpr int kRounds = 6;
constexpr uint64_t kEvents = 12'000;

// Runs a victim on these customers and kills it some time after so many erasures were taken. Returns those.
std::set<int> RunAndKill(const std::string& dir, int first, int last, uint64_t lines, Random& random) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl(kVictim, kVictim, dir.c_str(), absl::StrCat(first).c_str(), absl::StrCat(last).c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  FILE* const out = fdopen(ends[0], "r");
  std::set<int> taken;
  char line[64];
  while (taken.size() < lines && fgets(line, sizeof(line), out) != nullptr) taken.insert(std::atoi(line));
  usleep(static_cast<useconds_t>(random.Skewed(200'000)));  // Not to wait for anything: the moment is to be any.
  kill(pid, SIGKILL);
  while (fgets(line, sizeof(line), out) != nullptr) taken.insert(std::atoi(line));
  fclose(out);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  return taken;
}

TEST(ErasureCrashTest, WhatWasTakenIsErasedWhateverHappens) {
  Random random(TestSeed());
  const TempDir dir;
  StoreOptions options;
  options.data_dir = dir.path();
  options.slice_bytes = 1'000'000;
  {
    LogHarness log(options);
    std::vector<TestEvent> events;
    for (uint64_t i = 0; i < kEvents; ++i) {
      events.push_back({.data = Token(i), .attributes = {{"customer", absl::StrCat(i % kCustomers)}}});
      if (events.size() < 1 + random.Below(60)) continue;
      ASSERT_TRUE(log.Append(absl::StrCat("i", random.Below(3)), events).ok());
      events.clear();
    }
    if (!events.empty()) {
      ASSERT_TRUE(log.Append("i0", events).ok());
    }
  }
  constexpr int kPerRound = kCustomers / kRounds;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const int first = round * kPerRound;
    const int last = first + kPerRound - 1;
    const std::set<int> taken = RunAndKill(dir.path(), first, last, 1 + random.Below(kPerRound), random);
    LogHarness log(options);
    uint64_t left = 0;
    for (const char* const name : {"i0", "i1", "i2"}) {
      const auto events = log.ReadAll(name);
      ASSERT_TRUE(events.ok()) << events.status();
      for (const TestEvent& event : *events) {
        left += event.type == kErasedEventType ? 0 : 1;
        if (event.type == kErasedEventType) continue;
        ASSERT_FALSE(taken.contains(std::atoi(event.attributes.front().second.c_str())));
        ASSERT_EQ(event.data.size(), 40u);
      }
    }
    const auto erasures = log.log().erasures().List(0, 1000);
    ASSERT_TRUE(erasures.ok()) << erasures.status();
    uint64_t erased = 0;
    for (const ErasureInfo& info : *erasures) erased += log.AwaitEnd(info.id).progress.erased_events;
    EXPECT_EQ(erased + left, kEvents) << "each is counted once";
    for (const int customer : taken) {
      for (uint64_t i = static_cast<uint64_t>(customer); i < kEvents; i += 100 * kCustomers) {
        EXPECT_TRUE(FilesWith(dir.path(), Token(i)).empty()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace playhead::storage
