#include "storage/stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/fault_file_system.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;

uint64_t Total(const HistogramStats& histogram) {
  EXPECT_EQ(histogram.counts.size(), histogram.bounds.size() + 1);
  EXPECT_TRUE(std::is_sorted(histogram.bounds.begin(), histogram.bounds.end()));
  return std::accumulate(histogram.counts.begin(), histogram.counts.end(), uint64_t{0});
}

class StatsTest : public ::testing::Test {
 protected:
  LogStats Stats() { return log_.log().stats(); }

  FaultEnv faults_;
  LogHarness log_{StoreOptions{.env = faults_.env.get()}};
};

TEST_F(StatsTest, ANewLogHasDoneNothing) {
  const LogStats stats = Stats();
  EXPECT_EQ(stats.appended_events, 0u);
  EXPECT_EQ(stats.commits, 0u);
  EXPECT_EQ(stats.reads, 0u);
  EXPECT_EQ(stats.instances, 0u);
  EXPECT_EQ(stats.reopens, 0u);
  EXPECT_GT(stats.disk_free_bytes, 0u);
}

TEST_F(StatsTest, CountsWhatIsAppendedOnceItIsDurable) {
  ASSERT_TRUE(log_.Append("a", MakeEvents(10)).ok());
  ASSERT_TRUE(log_.Append("b", {{.data = "1", .id = "x"}}).ok());
  ASSERT_TRUE(log_.Append("b", {{.data = "1", .id = "x"}, {.data = "2", .id = "y"}, {.data = "2", .id = "y"}}).ok());
  const LogStats stats = Stats();
  EXPECT_EQ(stats.appended_events, 12u);
  EXPECT_EQ(stats.appended_bytes, log_.Get("a")->bounds->appended_bytes + log_.Get("b")->bounds->appended_bytes);
  EXPECT_EQ(stats.duplicate_events, 2u);
  EXPECT_EQ(stats.instances, 2u);
  EXPECT_EQ(stats.commits, 3u);
  EXPECT_EQ(stats.syncs, 3u);
  EXPECT_EQ(Total(stats.sync_time_us), 3u);
  EXPECT_EQ(Total(stats.events_per_sync), 3u);
  EXPECT_EQ(stats.events_per_sync.sum, 12u);
  ASSERT_TRUE(log_.Delete("a").ok());
  EXPECT_EQ(Stats().instances, 1u);
  log_.Reopen();
  EXPECT_EQ(Stats().instances, 1u) << "counted from the disk";
  EXPECT_EQ(Stats().appended_events, 0u) << "since it was opened";
}

TEST_F(StatsTest, AWeakerDurabilitySyncsNothing) {
  StoreOptions options = log_.options();
  options.durability = Durability::kOs;
  log_.Reopen(options);
  ASSERT_TRUE(log_.Append("a", MakeEvents(10)).ok());
  EXPECT_EQ(Stats().appended_events, 10u);
  EXPECT_EQ(Stats().commits, 1u);
  EXPECT_EQ(Stats().syncs, 0u);
}

TEST_F(StatsTest, CountsReadsAndBlocks) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(log_.Append("a", MakeEvents(10)).ok());
  const auto read = log_.Read("a", {});
  ASSERT_TRUE(read.ok()) << read.status();
  const LogStats stats = Stats();
  EXPECT_EQ(stats.reads, 1u);
  EXPECT_EQ(stats.read_bytes, read->bytes);
  EXPECT_EQ(stats.read_blocks, 5u);
  EXPECT_EQ(stats.damaged_ranges, 0u);
}

// Text that no compression makes shorter.
std::string Incompressible(uint32_t seed, size_t bytes) {
  std::minstd_rand random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>('0' + random() / 8 % 64);
  return text;
}

// Changes a byte of `text` in the file under `dir` that ends in `.sst` and holds it.
void DamageTableWith(const std::string& dir, const std::string& text) {
  int damaged = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const size_t at = bytes.find(text);
    if (at == std::string::npos) continue;
    file.seekp(static_cast<std::streamoff>(at));
    file.put('!');
    ++damaged;
  }
  EXPECT_EQ(damaged, 1);
}

TEST_F(StatsTest, CountsReadsAndTimeSeeksThatMeetDamage) {
  for (uint32_t i = 1; i <= 40; ++i) ASSERT_TRUE(log_.Append("a", {{.data = Incompressible(i, 4096)}}).ok());
  const Timestamp time((*log_.ReadAll("a"))[10].appended_at);
  log_.Reopen();  // From the write-ahead log into a table.
  log_.Close();
  DamageTableWith(log_.options().data_dir, Incompressible(20, 32));  // In the middle, where a time seek begins.
  log_.Reopen();

  EXPECT_TRUE(HasReason(log_.ReadAll("a").status(), Reason::kDataLoss));
  EXPECT_EQ(Stats().damaged_ranges, 1u);
  EXPECT_TRUE(HasReason(log_.Read("a", {.until = Cursor(20), .reverse = true}).status(), Reason::kDataLoss));
  EXPECT_EQ(Stats().damaged_ranges, 2u);
  const auto found = log_.FindTime("a", time);
  EXPECT_TRUE(HasReason(found.status(), Reason::kDataLoss)) << found.status();
  EXPECT_EQ(Stats().damaged_ranges, 3u);

  const uint64_t reads = Stats().reads;
  EXPECT_EQ(log_.ReadAll("a", Cursor(32))->size(), 8u) << "the rest is whole";
  EXPECT_TRUE(log_.Append("a", MakeEvents(1)).ok());
  EXPECT_EQ(Stats().damaged_ranges, 3u);
  EXPECT_GT(Stats().reads, reads);
}

TEST_F(StatsTest, CountsReopensAndNothingOfWhatFailed) {
  ASSERT_TRUE(log_.Append("a", MakeEvents(1)).ok());
  faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0,
                          rocksdb::IOStatus::IOError("the disk is broken"));
  ASSERT_TRUE(HasReason(log_.Append("a", MakeEvents(1)).status(), Reason::kAppendUncertain));
  while (Stats().reopens == 0) std::this_thread::yield();
  EXPECT_EQ(Stats().appended_events, 1u);
  EXPECT_EQ(Stats().reopens, 1u);
}

TEST_F(StatsTest, TellsTheSizeOfTheWriteAheadLogSoon) {
  // Small blocks are not compressed.
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log_.Append("a", {{.data = std::string(2000, 'x')}}).ok());
  while (Stats().wal_bytes < 100'000) std::this_thread::yield();
}

TEST_F(StatsTest, TellsTheSizeOfTheWriteAheadLogWhileTheDiskFails) {
  faults_.files->FailFrom(FaultFileSystem::Operation::kOpen, "", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log_.Append("a", {{.data = std::string(2000, 'x')}}).ok());
  while (Stats().wal_bytes < 100'000) std::this_thread::yield();
}

}  // namespace
}  // namespace playhead::storage
