// The space of trimmed events is reclaimed, and concurrent readers see no hole.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/many_reader.h"
#include "storage/store/directory.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/store.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"
#include "tests/support/await.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::Random;
using playhead::testing::TempDir;
using playhead::testing::TestSeed;

class ReclaimTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.durability = Durability::kOs;  // Thousands of appends.
    options.slice_bytes = 300'000;
    options.write_buffer_bytes = 200'000;
    options.wal_bytes_max = 1'000'000;
    return options;
  }

  // Bytes that do not compress, so that slices fill.
  std::string Noise(size_t bytes) {
    std::string noise;
    while (noise.size() < bytes) noise.push_back(static_cast<char>(' ' + random_.Below(95)));
    return noise;
  }

  void Fill(LogHarness& log, const std::string& instance, int events) {
    for (int i = 0; i < events; ++i) ASSERT_TRUE(log.Append(instance, {{.data = Noise(3000)}}).ok());
  }

  // Until the log has looked for dead space once more, from the beginning. A trim that changes nothing makes it look.
  static void AwaitRound(LogHarness& log, const std::string& instance) {
    const uint64_t before = log.log().stats().reclaim_rounds;
    while (log.log().stats().reclaim_rounds < before + 2) {
      ASSERT_TRUE(log.Trim(instance, Cursor(1)).ok());
      absl::SleepFor(absl::Milliseconds(20));
    }
  }

  // Reads all instances from the beginning to the end of the store: every event follows the one before it, or what is
  // between them is told.
  static void ReadManyOnce(LogHarness& log, uint64_t& read_events) {
    const auto reader = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>(""));
    reader->StartAtKept(log.log().head_position().commit);
    std::map<std::string, Cursor> behind;
    StorePosition after;
    for (bool ended = false; !ended;) {
      ManyReadOptions options{.after = after, .reader = reader, .events_max = kFetchEventsMax};
      const auto result =
          Await<ManyReadResult>([&](auto done) { log.log().ReadMany(std::move(options), std::move(done)); });
      ASSERT_TRUE(result.ok()) << result.status();
      for (const InstanceEvents& part : result->parts) {
        if (part.instance == nullptr) {
          behind.clear();
          continue;
        }
        if (!part.trimmed) {
          ReadResult slice;
          slice.slices = {part.slices.front()};
          const Cursor first(EventsOf(slice).front().cursor);
          const auto known = behind.find(part.instance->name());
          if (known != behind.end()) {
            ASSERT_EQ(first, known->second + 1) << part.instance->name();
          }
        }
        behind[part.instance->name()] = part.last;
      }
      read_events += result->event_count;
      after = result->next;
      ended = result->end_reached;
    }
  }

  const TempDir dir_;
  Random random_{TestSeed()};
};

TEST_F(ReclaimTest, SlicesInWhichNothingIsAliveAreDropped) {
  LogHarness log(Options());
  Fill(log, "a", 600);
  Fill(log, "b", 600);
  ASSERT_TRUE(log.Trim("a", Cursor(601)).ok());
  ASSERT_TRUE(log.Trim("b", Cursor(591)).ok());
  while (log.log().stats().dropped_slices < 6) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_GT(log.log().stats().reclaimed_bytes, 1'500'000u);
  EXPECT_EQ(log.Get("a")->bounds->event_count(), 0u);
  EXPECT_EQ(log.ReadAll("b", Cursor(590))->size(), 10u);
  // The log that lost all its blocks still knows its numbers.
  log.Reopen();
  EXPECT_EQ(log.Get("a")->bounds->head, Cursor(600));
  EXPECT_EQ(log.Append("a", MakeEvents(1))->head, Cursor(601));
  EXPECT_EQ(log.ReadAll("a", Cursor(600))->size(), 1u);
}

TEST_F(ReclaimTest, WhatIsAliveInAMostlyDeadSliceMovesOn) {
  LogHarness log(Options());
  // Every slice holds a little of many logs that stay.
  for (int round = 0; round < 60; ++round) {
    Fill(log, "bulk", 20);
    ASSERT_TRUE(log.Append(absl::StrCat("kept", round % 7), MakeEvents(3)).ok());
  }
  ASSERT_TRUE(log.Trim("bulk", Cursor(1201)).ok());
  while (log.log().stats().dropped_slices < 8) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_GT(log.log().stats().moved_bytes, 0u);
  for (int pass = 0; pass < 2; ++pass) {
    for (int i = 0; i < 7; ++i) {
      const std::string name = absl::StrCat("kept", i);
      const auto info = log.Get(name);
      ASSERT_TRUE(info.ok()) << info.status();
      const auto events = log.ReadAll(name);
      ASSERT_TRUE(events.ok()) << events.status();
      ASSERT_EQ(events->size(), info->bounds->head.value());
      const auto backwards = log.Read(name, {.reverse = true, .events_max = 1000});
      ASSERT_TRUE(backwards.ok()) << backwards.status();
      ASSERT_EQ(backwards->event_count, events->size());
    }
    log.Reopen();
  }
}

TEST_F(ReclaimTest, EntriesAndCommitsOfWhatIsGoneGoAndTheCounterGoesOn) {
  uint64_t last_commit = 0;
  {
    LogHarness log(Options());
    Fill(log, "pinned", 1);
    Fill(log, "a", 700);
    ASSERT_TRUE(log.Trim("a", Cursor(701)).ok());
    AwaitRound(log, "a");
  }
  {
    const auto store = Store::Open(Options());
    ASSERT_TRUE(store.ok()) << store.status();
    const auto directory = ReadDirectory(**store, InstanceNumber(), 1000);
    ASSERT_TRUE(directory.ok()) << directory.status();
    size_t entries = 0;
    for (const InstanceDirectory& instance : *directory) entries += instance.entries.size();
    EXPECT_LE(entries, 2u);
    const std::unique_ptr<rocksdb::Iterator> row(
        (*store)->db()->NewIterator(rocksdb::ReadOptions(), (*store)->family(Family::kCommits)));
    std::vector<uint64_t> positions;
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      positions.push_back(DecodeBigEndian(absl::string_view(row->key().data(), row->key().size())));
    }
    ASSERT_EQ(positions.size(), 2u) << "the one with an event that is kept, and the newest";
    last_commit = positions.back();
    // Commits of the housekeeping itself, which are not listed, may stand between it and the last that is gone.
    EXPECT_GT(FirstCommit(**store)->value(), positions.front() + 690);
    EXPECT_LE(FirstCommit(**store)->value(), last_commit);
  }
  LogHarness log(Options());
  ASSERT_TRUE(log.Append("a", MakeEvents(1)).ok());
  const auto read = log.Read("a", {.after = Cursor(700)});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_GT(read->slices.at(0).block->header().commit.value(), last_commit);
}

TEST_F(ReclaimTest, TheFirstAvailableCursorIsReadableWhateverIsTrimmedAndMoved) {
  LogHarness log(Options());
  constexpr int kInstances = 4;
  for (int i = 0; i < kInstances; ++i) ASSERT_TRUE(log.Append(absl::StrCat("i", i), MakeEvents(1)).ok());
  // Two events that stay, wherever they are moved.
  ASSERT_TRUE(log.Append("pinned", MakeEvents(1)).ok());
  const StorePosition pinned = log.log().head_position();
  ASSERT_TRUE(log.Append("i0", MakeEvents(1)).ok());
  ASSERT_TRUE(log.Append("pinned", MakeEvents(1)).ok());
  const StorePosition behind_pinned = log.log().head_position();
  const Timestamp pinned_at(log.ReadAll("pinned")->back().appended_at);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> read_events{0};
  std::vector<std::thread> readers;
  readers.emplace_back([&] {
    Random random(TestSeed() + 1);
    while (!stop) {
      const std::string name = absl::StrCat("i", random.Below(kInstances));
      const auto instance = *log.Open(name);
      Cursor after = instance->bounds().BeforeFirst();
      for (int n = 0; n < 5; ++n) {
        const auto read = log.Read(name, {.after = after, .events_max = 50});
        if (HasReason(read.status(), Reason::kCursorTrimmed)) {
          const Cursor first = instance->bounds().first;
          EXPECT_GT(first, after) << "trimmed, and yet it is the first that is kept";
          break;
        }
        ASSERT_TRUE(read.ok()) << read.status();
        uint64_t expected = after.value();
        for (const TestEvent& event : EventsOf(*read)) ASSERT_EQ(event.cursor, ++expected);
        read_events += read->event_count;
        after = read->next;
      }
      const auto backwards = log.Read(name, {.reverse = true, .events_max = 50});
      if (!HasReason(backwards.status(), Reason::kStoreUnavailable)) {
        EXPECT_TRUE(backwards.ok()) << backwards.status();
      }
      const auto found = log.FindTime(name, Timestamp(1));
      EXPECT_TRUE(found.ok()) << found.status();
    }
  });
  readers.emplace_back([&] {
    uint64_t events = 0;
    while (!stop && !HasFatalFailure()) {
      ReadManyOnce(log, events);
      const auto found =
          Await<StorePosition>([&](auto done) { log.log().FindTimeInStore(pinned_at, std::move(done)); });
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_GE(*found, pinned);
      EXPECT_LT(*found, behind_pinned);
    }
    read_events += events;
  });
  // A model that is nothing but what each event holds.
  std::map<std::string, std::map<uint64_t, std::string>> model;
  for (int n = 0; n < 1500 || log.log().stats().dropped_slices < 5; ++n) {
    const std::string name = absl::StrCat("i", random_.Skewed(kInstances - 1));
    const std::string data = Noise(1 + random_.Skewed(8000));
    const auto appended = log.Append(name, {{.data = data}});
    ASSERT_TRUE(appended.ok()) << appended.status();
    model[name][appended->head.value()] = data;
    if (random_.OneIn(15)) {
      const uint64_t head = appended->head.value();
      const uint64_t first = head + 1 - random_.Skewed(std::min<uint64_t>(head, 40));
      ASSERT_TRUE(log.Trim(name, Cursor(first)).ok());
      model[name].erase(model[name].begin(), model[name].lower_bound(first));
    }
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(read_events, 0u);
  EXPECT_GE(log.log().stats().dropped_slices, 5u);
  for (int pass = 0; pass < 2; ++pass) {
    for (const auto& [name, events] : model) {
      const auto info = log.Get(name);
      ASSERT_TRUE(info.ok()) << info.status();
      const auto found = log.ReadAll(name, info->bounds->BeforeFirst());
      ASSERT_TRUE(found.ok()) << name << ": " << found.status();
      auto expected = events.lower_bound(info->bounds->first.value());
      for (const TestEvent& event : *found) {
        if (expected == events.end() || expected->first != event.cursor) continue;  // The very first events.
        ASSERT_EQ(event.data, expected->second);
        ++expected;
      }
      ASSERT_TRUE(expected == events.end()) << name;
    }
    log.Reopen();
  }
}

TEST_F(ReclaimTest, TheNewestSliceIsClosedEarlyWhenItIsMostlyDead) {
  StoreOptions options = Options();
  options.slice_bytes = 4'000'000;
  LogHarness log(options);
  Fill(log, "kept", 3);
  Fill(log, "a", 600);
  ASSERT_TRUE(log.Trim("a", Cursor(601)).ok());
  while (log.log().stats().dropped_slices < 1) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(log.ReadAll("kept")->size(), 3u);
  Fill(log, "kept", 1);
  EXPECT_EQ(log.ReadAll("kept")->size(), 4u);
}

}  // namespace
}  // namespace playhead::storage
