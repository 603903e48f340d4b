// What the store does when the disk fails, and after a power loss.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/storage/log_harness.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TestSeed;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr auto kOpen = FaultFileSystem::Operation::kOpen;
constexpr auto kSync = FaultFileSystem::Operation::kSync;
constexpr auto kWrite = FaultFileSystem::Operation::kWrite;

class FaultTest : public ::testing::Test {
 protected:
  StoreOptions Options() {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.env = faults_.env.get();
    return options;
  }

  void Open(StoreOptions options) { harness_.emplace(std::move(options)); }
  void Open() { Open(Options()); }

  static AppendBatch ProducerBatch(absl::string_view instance, uint64_t sequence, int count) {
    AppendBatch batch = MakeBatch(instance, MakeEvents(count, absl::StrCat("p", sequence, ".")));
    batch.producer = ProducerSequence{"p", sequence};
    return batch;
  }

  // Again and again, while the store is being reopened.
  absl::StatusOr<AppendResult> AppendUntilOpen(const AppendBatch& batch) {
    for (;;) {
      auto result = harness_->Append(batch);
      if (!HasReason(result.status(), Reason::kStoreUnavailable)) return result;
    }
  }

  std::vector<std::string> DataOf(absl::string_view name) {
    std::vector<std::string> data;
    for (;;) {
      const auto info = harness_->Get(name);
      if (HasReason(info.status(), Reason::kInstanceNotFound)) return data;
      const auto events = info.ok() ? harness_->ReadAll(name, info->bounds->BeforeFirst()) : info.status();
      if (HasReason(events.status(), Reason::kStoreUnavailable)) continue;
      EXPECT_TRUE(events.ok()) << events.status();
      for (const TestEvent& event : *events) data.push_back(event.data);
      return data;
    }
  }

  playhead::testing::TempDir dir_;
  FaultEnv faults_;
  std::optional<LogHarness> harness_;
};

TEST_F(FaultTest, AfterAFailedSyncTheAppendIsUncertainAndARetryStoresItOnce) {
  Open();
  ASSERT_TRUE(harness_->Append("a", MakeEvents(3)).ok());
  for (uint64_t round = 0; round < 5; ++round) {
    for (const auto operation : {kSync, kWrite}) {
      const uint64_t sequence = 1 + round * 4 + (operation == kSync ? 0 : 2);
      faults_.files->FailOnce(operation, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
      const absl::Status failed = harness_->Append(ProducerBatch("a", sequence, 2)).status();
      ASSERT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;
      const auto retried = AppendUntilOpen(ProducerBatch("a", sequence, 2));
      ASSERT_TRUE(retried.ok()) << retried.status();
      EXPECT_EQ(retried->head, Cursor(3 + sequence + 1));
    }
  }
  std::vector<std::string> expected = {"e0", "e1", "e2"};
  for (uint64_t sequence = 1; sequence < 20; sequence += 2) {
    for (int i = 0; i < 2; ++i) expected.push_back(absl::StrCat("p", sequence, ".", i));
  }
  EXPECT_EQ(DataOf("a"), expected);
  harness_->Reopen();
  EXPECT_EQ(DataOf("a"), expected);
}

TEST_F(FaultTest, WhoListensHearsThatTheStoreWasReopenedAndMayHoldMore) {
  class Listener final : public CommitListener {
   public:
    void OnCommit(absl::Span<const PublishedBlock> blocks) override {
      if (blocks.empty()) reopened.Notify();
    }
    void OnDelete(const std::shared_ptr<Instance>&) override {}
    void OnErase(InstanceNumber) override {}
    absl::Notification reopened;
  };
  Listener listener;
  Open();
  harness_->log().SetCommitListener(&listener);
  ASSERT_TRUE(harness_->Append("a", MakeEvents(3)).ok());
  EXPECT_FALSE(listener.reopened.HasBeenNotified());
  faults_.files->FailOnce(kSync, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  const absl::Status failed = harness_->Append("a", MakeEvents(2)).status();
  ASSERT_TRUE(HasReason(failed, Reason::kAppendUncertain)) << failed;
  listener.reopened.WaitForNotification();
  harness_.reset();
}

TEST_F(FaultTest, ARetryByIdAfterAFailedSyncIsStoredOnce) {
  Open();
  for (int round = 0; round < 10; ++round) {
    faults_.files->FailOnce(kSync, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
    const AppendBatch batch = MakeBatch("a", {{.data = absl::StrCat(round), .id = absl::StrCat("id", round)}});
    ASSERT_TRUE(HasReason(harness_->Append(batch).status(), Reason::kAppendUncertain));
    const auto retried = AppendUntilOpen(batch);
    ASSERT_TRUE(retried.ok()) << retried.status();
  }
  EXPECT_THAT(DataOf("a"), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
}

TEST_F(FaultTest, NothingOfASessionIsStoredBehindAFailure) {
  Random random(TestSeed());
  Open();
  uint64_t appended = 0;
  for (int round = 0; round < 15; ++round) {
    constexpr int kAppends = 30;
    faults_.files->FailOnce(kSync, ".log", static_cast<int>(random.Below(6)),
                            rocksdb::IOStatus::IOError("the disk is broken"));
    auto session = harness_->log().NewAppendSession();
    std::vector<std::pair<int, absl::StatusOr<AppendResult>>> answers;
    std::atomic<int> left{kAppends};
    for (int i = 0; i < kAppends; ++i) {
      AppendBatch batch = ProducerBatch("a", ++appended, 1);
      // Some must be looked up on disk first: then those behind them wait, wherever they are.
      if (random.OneIn(4)) batch = MakeBatch("a", {{.data = "x", .id = absl::StrCat(appended)}});
      session->Append(std::move(batch), [&, i](absl::StatusOr<AppendResult> answer) {
        answers.emplace_back(i, std::move(answer));
        if (--left == 0) left.notify_all();
      });
    }
    for (int now = left; now != 0; now = left) left.wait(now);
    bool failed = false;
    for (int i = 0; i < kAppends; ++i) {
      EXPECT_EQ(answers[static_cast<size_t>(i)].first, i) << "answers keep their order";
      const absl::Status status = answers[static_cast<size_t>(i)].second.status();
      EXPECT_FALSE(failed && status.ok()) << "append " << i;
      failed = failed || !status.ok();
      EXPECT_TRUE(status.ok() || IsRetryable(status) || HasReason(status, Reason::kSequenceGap)) << status;
    }
    faults_.files->Heal();
    appended += 1000;  // Another producer's run would be a gap.
    absl::Status deleted = harness_->Delete("a");
    while (HasReason(deleted, Reason::kStoreUnavailable)) deleted = harness_->Delete("a");
    ASSERT_TRUE(deleted.ok() || HasReason(deleted, Reason::kInstanceNotFound)) << deleted;
  }
}

TEST_F(FaultTest, AFullDiskRefusesUntilThereIsSpace) {
  Open();
  ASSERT_TRUE(harness_->Append("a", MakeEvents(1)).ok());
  faults_.files->FailFrom(kWrite, "", 0, rocksdb::IOStatus::NoSpace("no space"));
  ASSERT_TRUE(HasReason(harness_->Append(ProducerBatch("a", 1, 1)).status(), Reason::kAppendUncertain));
  for (int i = 0; i < 20; ++i) {
    const absl::Status status = harness_->Append(ProducerBatch("a", 1, 1)).status();
    EXPECT_TRUE(HasReason(status, Reason::kAppendUncertain) || HasReason(status, Reason::kStoreUnavailable)) << status;
  }
  faults_.files->Heal();
  auto retried = AppendUntilOpen(ProducerBatch("a", 1, 1));
  while (HasReason(retried.status(), Reason::kAppendUncertain)) retried = AppendUntilOpen(ProducerBatch("a", 1, 1));
  ASSERT_TRUE(retried.ok()) << retried.status();
  EXPECT_THAT(DataOf("a"), ElementsAre("e0", "p1.0"));
}

TEST_F(FaultTest, LowSpaceRefusesAppendsAndNotReads) {
  StoreOptions options = Options();
  options.disk_free_bytes_min = 1000;
  faults_.files->set_free_bytes(999);
  Open(options);
  EXPECT_TRUE(HasReason(harness_->Append("a", MakeEvents(1)).status(), Reason::kDiskLow));
  EXPECT_TRUE(HasReason(harness_->log().CheckTakesAppends(), Reason::kDiskLow));
  AppendBatch needed = MakeBatch("needed", MakeEvents(1));
  needed.despite_low_disk = true;
  EXPECT_TRUE(harness_->Append(needed).ok());
  EXPECT_TRUE(harness_->Open("a").ok());
  EXPECT_THAT(DataOf("a"), SizeIs(0));
  faults_.files->set_free_bytes(1000);
  absl::Status status = harness_->Append("a", MakeEvents(1)).status();
  // The disk is asked a few times a second.
  while (HasReason(status, Reason::kDiskLow)) status = harness_->Append("a", MakeEvents(1)).status();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(FaultTest, ClosesWhileTheStoreCannotBeReopened) {
  Open();
  ASSERT_TRUE(harness_->Append("a", MakeEvents(1)).ok());
  faults_.files->FailFrom(kWrite, "", 0, rocksdb::IOStatus::NoSpace("no space"));
  EXPECT_TRUE(harness_->log().CheckTakesAppends().ok());
  EXPECT_FALSE(harness_->Append("a", MakeEvents(1)).ok());
  // The write's answer may come before the store is let go of.
  while (harness_->log().CheckTakesAppends().ok()) std::this_thread::yield();
  EXPECT_TRUE(HasReason(harness_->log().CheckTakesAppends(), Reason::kStoreUnavailable));
  harness_.reset();
  faults_.files->Heal();
  Open();
  EXPECT_EQ(harness_->Get("a")->bounds->first, Cursor(1));
}

// Erasures, merges and failures at once: whoever holds the store when it fails must let go of it.
TEST_F(FaultTest, HousekeepingSurvivesFailuresAtAnyMoment) {
  Random random(TestSeed());
  StoreOptions options = Options();
  options.slice_bytes = 20'000;
  Open(options);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const std::string name = absl::StrCat("i", t, ".", i % 5);
        harness_->Append(name, {{.data = std::string(2000, 'x')}}).status().IgnoreError();
        if (i % 7 == 0) harness_->Delete(name).IgnoreError();
        if (i % 5 == 0) harness_->Trim(name, Cursor(1 + static_cast<uint64_t>(i) % 3)).IgnoreError();
      }
    });
  }
  for (int round = 0; round < 12; ++round) {
    faults_.files->FailOnce(random.OneIn(2) ? kSync : kWrite, random.OneIn(10) ? "" : ".log",
                            static_cast<int>(random.Below(30)), rocksdb::IOStatus::IOError("the disk is broken"));
    while (faults_.files->fault_pending()) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const auto names = harness_->List("", "", 100);
  if (names.ok()) {
    for (const InstanceInfo& info : *names) DataOf(info.name);
  }
  harness_.reset();
  Open(options);
  const auto after = harness_->List("", "", 100);
  ASSERT_TRUE(after.ok()) << after.status();
  for (const InstanceInfo& info : *after) EXPECT_EQ(DataOf(info.name).size(), info.bounds->event_count()) << info.name;
}

// Appenders that note what was acknowledged, until the first failure.
class Appenders {
 public:
  struct InDoubt {
    std::string instance;
    AppendBatch batch;
  };

  Appenders(LogHarness& harness, uint64_t seed, int round, int threads) {
    for (int t = 0; t < threads; ++t) {
      threads_.emplace_back([this, &harness, seed, round, t] { Run(harness, seed, round, t); });
    }
  }
  ~Appenders() { Join(); }

  // Waits until this many appends are acknowledged or an appender has failed.
  void AwaitAcknowledged(uint64_t count) {
    absl::MutexLock lock(&mu_);
    const auto reached = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return acknowledged_.size() >= count || !in_doubt_.empty();
    };
    mu_.Await(absl::Condition(&reached));
  }

  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  // (instance, cursor) -> data; after Join().
  const std::map<std::pair<std::string, uint64_t>, std::string>& acknowledged() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return acknowledged_;
  }
  const std::vector<InDoubt>& in_doubt() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return in_doubt_; }

 private:
  void Run(LogHarness& harness, uint64_t seed, int round, int t) {
    Random random(seed + static_cast<uint64_t>(round * 16 + t));
    std::map<std::string, uint64_t> sequences;
    for (int n = 0;; ++n) {
      const std::string instance = absl::StrCat("i", random.Below(5));
      std::vector<TestEvent> events;
      const bool with_ids = random.OneIn(2);
      for (uint64_t i = 1 + random.Skewed(20); i > 0; --i) {
        TestEvent& event = events.emplace_back();
        event.data = absl::StrCat(round, ".", t, ".", n, ".", i, ".", std::string(random.Skewed(3000), 'x'));
        if (with_ids) event.id = event.data.substr(0, 30);
      }
      AppendBatch batch = MakeBatch(instance, events);
      if (!with_ids) {
        uint64_t& sequence = sequences[instance];
        batch.producer = ProducerSequence{absl::StrCat("p", round, ".", t), sequence + 1};
        sequence += events.size();
      }
      const auto result = harness.Append(batch);
      absl::MutexLock lock(&mu_);
      if (!result.ok()) {
        in_doubt_.push_back({instance, std::move(batch)});
        return;
      }
      for (size_t i = 0; i < events.size(); ++i) {
        acknowledged_[{instance, (result->first_new + i).value()}] = events[i].data;
      }
    }
  }

  absl::Mutex mu_;
  std::map<std::pair<std::string, uint64_t>, std::string> acknowledged_ ABSL_GUARDED_BY(mu_);
  std::vector<InDoubt> in_doubt_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

TEST_F(FaultTest, NothingAcknowledgedIsLostWithThePower) {
  const uint64_t seed = TestSeed();
  Random random(seed);
  StoreOptions options = Options();
  options.slice_bytes = 300'000;
  options.write_buffer_bytes = 200'000;
  options.wal_bytes_max = 400'000;
  std::map<std::pair<std::string, uint64_t>, std::string> acknowledged;
  for (int round = 0; round < 15; ++round) {
    Open(options);
    std::vector<Appenders::InDoubt> in_doubt;
    {
      Appenders appenders(*harness_, seed, round, 3);
      appenders.AwaitAcknowledged(1 + random.Skewed(1500));
      faults_.files->CutPower();
      appenders.Join();
      acknowledged.insert(appenders.acknowledged().begin(), appenders.acknowledged().end());
      in_doubt = appenders.in_doubt();
    }
    harness_.reset();
    faults_.files->RestorePower(random);
    Open(options);
    for (const auto& doubt : in_doubt) {
      const auto retried = harness_->Append(doubt.batch);
      ASSERT_TRUE(retried.ok()) << retried.status();
    }
    size_t found = 0;
    for (int i = 0; i < 5; ++i) {
      const std::string instance = absl::StrCat("i", i);
      const auto events = harness_->ReadAll(instance);
      ASSERT_TRUE(events.ok()) << events.status();
      std::set<std::string> seen;
      uint64_t expected = 0;
      for (const TestEvent& event : *events) {
        ASSERT_EQ(event.cursor, ++expected) << "contiguous, and in epoch 0: nothing was lost";
        ASSERT_TRUE(seen.insert(event.data).second) << "twice: " << event.data.substr(0, 30);
        const auto known = acknowledged.find({instance, event.cursor});
        if (known == acknowledged.end()) continue;
        ASSERT_EQ(known->second, event.data);
        ++found;
      }
    }
    ASSERT_EQ(found, acknowledged.size()) << "round " << round;
    harness_.reset();
  }
}

// Recovery takes more bytes than one write can have left behind damage for rot.
TEST_F(FaultTest, ACommitIsBoundedByWhatItTakesInTheLogNotByItsEventsAlone) {
  StoreOptions options = Options();
  options.commit_bytes_max = 256 << 10;
  options.resolver_threads = 1;
  Open(options);
  ASSERT_TRUE(harness_->Append("a", MakeEvents(1)).ok());
  faults_.files->HoldLogSyncs();
  constexpr int kAppends = 60;
  absl::BlockingCounter left(kAppends);
  const auto session = harness_->log().NewAppendSession();
  for (int i = 0; i < kAppends; ++i) {
    std::vector<TestEvent> events(500);
    for (size_t k = 0; k < events.size(); ++k) events[k].id = absl::StrCat(i, ".", k);
    session->Append(MakeBatch("a", events), [&](const absl::StatusOr<AppendResult>& result) {
      EXPECT_TRUE(result.ok()) << result.status();
      left.DecrementCount();
    });
  }
  // The resolving thread takes one after the other: behind this, all of them are queued for commits.
  ASSERT_TRUE(harness_->Open("a").ok());
  faults_.files->ReleaseLogSyncs();
  left.Wait();
  EXPECT_LT(faults_.files->log_sync_bytes_max(), 2 * options.commit_bytes_max);
  EXPECT_GT(faults_.files->log_sync_bytes_max(), options.commit_bytes_max / 2);
  EXPECT_EQ(harness_->Get("a")->bounds->head, Cursor(1 + kAppends * 500));
  harness_.reset();
}

TEST_F(FaultTest, AStoreThatCannotBeReadIsNotTakenForOneWithoutFamilies) {
  Open();
  harness_.reset();
  faults_.files->FailOnce(kOpen, "CURRENT", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  const absl::Status status = OpenRocksDbEventLog(Options()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "the disk is broken")) << status;
}

}  // namespace
}  // namespace playhead::storage
