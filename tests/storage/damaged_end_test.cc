// A log whose end cannot be read affects no other log, and is used again once it can be read.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "proto/errors.h"
#include "storage/many_reader.h"
#include "tests/storage/flip_bit.h"
#include "tests/storage/log_harness.h"
#include "tests/storage/name_selector.h"
#include "tests/storage/table_end.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;

// A block each, and a block of the table file each.
constexpr size_t kEventBytes = 60'000;
constexpr int kEvents = 30;

// Counts how often logs may hold what was not announced.
class LogsHeldMore final : public CommitListener {
 public:
  void OnCommit(absl::Span<const PublishedBlock> blocks) override {
    absl::MutexLock lock(&mu_);
    if (blocks.empty()) ++count_;
  }
  void OnDelete(const std::shared_ptr<Instance>&) override {}
  void OnErase(InstanceNumber) override {}

  int count() const {
    absl::MutexLock lock(&mu_);
    return count_;
  }
  void AwaitCount(int count) const {
    absl::MutexLock lock(&mu_);
    const auto reached = [this, count] { return count_ >= count; };
    mu_.Await(absl::Condition(&reached));
  }

 private:
  mutable absl::Mutex mu_;
  int count_ = 0;
};

class DamagedEndTest : public ::testing::Test {
 protected:
  DamagedEndTest() {
    options_.data_dir = dir_.path() + "/data";
    options_.env = faults_.env.get();
  }

  // Logs that lie in a table file of their own each: a start writes what it recovers to one.
  void AppendAndClose() {
    for (const char* instance : {"broken", "sound"}) {
      log_.emplace(options_);
      for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(Append(instance).ok());
      log_.reset();
    }
    LogHarness{options_};
  }

  absl::StatusOr<AppendResult> Append(const std::string& instance) {
    std::string noise(kEventBytes, '\0');  // Which does not compress.
    for (char& c : noise) c = static_cast<char>(random_.Below(256));
    return log_->Append(instance, {{.data = noise}});
  }
  // Again and again while the store, or the log, cannot be read.
  void AppendSoon(const std::string& instance) {
    absl::StatusOr<AppendResult> appended;
    do {
      appended = Append(instance);
    } while (HasReason(appended.status(), Reason::kStoreUnavailable));
    ASSERT_TRUE(appended.ok()) << appended.status();
  }

  const playhead::testing::TempDir dir_;
  FaultEnv faults_;
  StoreOptions options_;
  Random random_{1};
  LogsHeldMore listener_;
  std::optional<LogHarness> log_;
};

TEST_F(DamagedEndTest, OfAnInstanceIsNamedInListsAndHoldsUpNoOther) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  const TableEnd end = EndOfFirstTable(options_, &FirstSliceOf);
  FlipBit(end.path, end.offset);
  log_.emplace(options_);
  const auto rows = log_->List("", "", 10);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].name, "broken");
  EXPECT_TRUE(HasReason((*rows)[0].bounds.status(), Reason::kDataLoss)) << (*rows)[0].bounds.status();
  ASSERT_TRUE((*rows)[1].bounds.ok()) << (*rows)[1].bounds.status();
  EXPECT_EQ((*rows)[1].bounds->head, Cursor(kEvents));
  for (const absl::Status& refused : {log_->Get("broken").status(), Append("broken").status()}) {
    EXPECT_TRUE(HasReason(refused, Reason::kDataLoss)) << refused;
  }
  EXPECT_TRUE(Append("sound").ok());
}

TEST_F(DamagedEndTest, OfAnInstanceThatComesBackIsTakenUpAgain) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  const TableEnd end = EndOfFirstTable(options_, &FirstSliceOf);
  log_.emplace(options_);
  log_->log().SetCommitListener(&listener_);
  const auto held = log_->Open("broken");
  ASSERT_TRUE(held.ok()) << held.status();

  faults_.files->BreakSector(end.path.substr(end.path.rfind('/')), end.offset);
  faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("the disk is busy"));
  // Stored, as it will turn out.
  EXPECT_TRUE(HasReason(Append("broken").status(), Reason::kAppendUncertain));
  ASSERT_NO_FATAL_FAILURE(AppendSoon("sound"));
  EXPECT_EQ(log_->log().stats().reopens, 1u);
  EXPECT_EQ(listener_.count(), 1);
  // Who had it still reads what is there; nobody appends to it, nobody new gets it.
  const auto before_the_end =
      Await<ReadResult>([&](auto done) { log_->log().Read(*held, {.until = Cursor(kEvents - 1)}, std::move(done)); });
  ASSERT_TRUE(before_the_end.ok()) << before_the_end.status();
  EXPECT_EQ((*held)->head(), Cursor(kEvents));
  for (const absl::Status& refused :
       {Append("broken").status(), log_->Get("broken").status(), log_->Trim("broken", Cursor(2)),
        log_->Delete("broken"), Await<ReadResult>([&](auto done) {
                                  log_->log().Read(*held, {.after = Cursor(kEvents - 1)}, std::move(done));
                                }).status()}) {
    EXPECT_TRUE(HasReason(refused, Reason::kStoreUnavailable)) << refused;
  }

  faults_.files->Heal();
  listener_.AwaitCount(2);
  EXPECT_EQ((*held)->head(), Cursor(kEvents + 1));
  const auto appended = Append("broken");
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->head, Cursor(kEvents + 2));
  EXPECT_EQ((*held)->head(), Cursor(kEvents + 2)) << "who had it is not given what is new";
  EXPECT_EQ(log_->ReadAll("broken")->size(), kEvents + 2u);
  EXPECT_EQ(log_->log().stats().reopens, 1u);
}

// It may remember more than is on disk.
TEST_F(DamagedEndTest, WhatALogThatIsNotLoadedMissesIsNoDamage) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  const TableEnd end = EndOfFirstTable(options_, &FirstSliceOf);
  log_.emplace(options_);
  const auto held = log_->Open("broken");
  ASSERT_TRUE(held.ok()) << held.status();
  FlipBit(end.path, 0);  // In its first block, in the place of one that is missing.
  const auto read = [&] {
    return Await<ReadResult>([&](auto done) { log_->log().Read(*held, {}, std::move(done)); }).status();
  };
  EXPECT_TRUE(HasReason(read(), Reason::kDataLoss));

  faults_.files->BreakSector(end.path.substr(end.path.rfind('/')), end.offset);
  faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("the disk is busy"));
  EXPECT_TRUE(HasReason(Append("sound").status(), Reason::kAppendUncertain));
  ASSERT_NO_FATAL_FAILURE(AppendSoon("sound"));
  EXPECT_TRUE(HasReason(read(), Reason::kStoreUnavailable));
  faults_.files->Heal();
  ASSERT_NO_FATAL_FAILURE(AppendSoon("broken"));
  EXPECT_TRUE(HasReason(read(), Reason::kDataLoss));
}

TEST_F(DamagedEndTest, OfAnInstanceThatDoesNotComeBackIsNamed) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  const TableEnd end = EndOfFirstTable(options_, &FirstSliceOf);
  log_.emplace(options_);
  const auto held = log_->Open("broken");
  ASSERT_TRUE(held.ok()) << held.status();

  FlipBit(end.path, end.offset);
  faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("the disk is busy"));
  EXPECT_TRUE(HasReason(Append("sound").status(), Reason::kAppendUncertain));
  ASSERT_NO_FATAL_FAILURE(AppendSoon("sound"));
  for (const absl::Status& refused : {Append("broken").status(), log_->Get("broken").status()}) {
    EXPECT_TRUE(HasReason(refused, Reason::kDataLoss)) << refused;
  }
  EXPECT_FALSE((*held)->deleted());
}

// Also with a list of names, whose instances are opened first; by a prefix, an instance is opened when an event comes.
TEST_F(DamagedEndTest, HoldsUpNobodyWhoIsBehindItInAListOfNames) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  const TableEnd end = EndOfFirstTable(options_, &FirstSliceOf);
  const std::string file = end.path.substr(end.path.rfind('/'));
  log_.emplace(options_);
  ManyReadOptions options;
  options.after = StorePosition::EndOf(log_->log().head_position().commit);
  ASSERT_TRUE(Append("sound").ok());
  log_.reset();
  faults_.files->BreakSector(file, end.offset);
  log_.emplace(options_);
  EXPECT_TRUE(HasReason(log_->Get("broken").status(), Reason::kStoreUnavailable)) << log_->Get("broken").status();
  options.reader =
      std::make_shared<ManyReader>(std::make_shared<NameSelector>(std::vector<std::string>{"broken", "sound"}));
  const auto read =
      Await<ManyReadResult>([&](auto done) { log_->log().ReadMany(std::move(options), std::move(done)); });
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->event_count, 1u);
}

TEST_F(DamagedEndTest, OfTheCommitsKeepsNothingClosed) {
  ASSERT_NO_FATAL_FAILURE(AppendAndClose());
  CommitPosition last_commit = LogHarness{options_}.log().head_position().commit;
  const TableEnd end = EndOfFirstTable(options_, &CommitsOf);
  FlipBit(end.path, end.offset);
  for (int run = 0; run < 2; ++run) {
    log_.emplace(options_);
    const StorePosition head = log_->log().head_position();
    EXPECT_EQ(head.commit, last_commit);
    const auto appended = Append("sound");
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->head, Cursor(static_cast<uint64_t>(kEvents + 1 + run)));
    EXPECT_EQ(log_->ReadAll("broken")->size(), static_cast<size_t>(kEvents));
    // Who is behind what is damaged goes on; who is before it hears of it.
    const auto read = [&](StorePosition after) {
      ManyReadOptions options;
      options.after = after;
      options.reader = std::make_shared<ManyReader>(std::make_shared<PrefixSelector>(""));
      return Await<ManyReadResult>([&](auto done) { log_->log().ReadMany(options, std::move(done)); });
    };
    const auto new_events = read(head);
    ASSERT_TRUE(new_events.ok()) << new_events.status();
    EXPECT_EQ(new_events->event_count, 1u);
    const absl::Status old_events = read(StorePosition()).status();
    EXPECT_TRUE(HasReason(old_events, Reason::kDataLoss)) << old_events;
    last_commit = log_->log().head_position().commit;
    EXPECT_GT(last_commit, head.commit);
    log_.reset();
  }
}

}  // namespace
}  // namespace playhead::storage
