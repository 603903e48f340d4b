// A deletion also removes what is kept beside the log, in this process or in the next.
#include "broker/instance_deletion.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/timer_queue.h"
#include "proto/errors.h"
#include "storage/executor.h"
#include "tests/storage/file_search.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using storage::LogHarness;
using storage::Record;
using storage::RecordSpace;
using testing::Await;
using testing::AwaitStatus;

constexpr char kRow[] = "setting/bot";
constexpr char kSetting[] = "qZ7-what-is-kept-of-the-bot-Xw9";

class InstanceDeletionTest : public ::testing::Test {
 protected:
  InstanceDeletionTest() : log_(Options(dir_.path())) {}

  static storage::StoreOptions Options(const std::string& dir) {
    storage::StoreOptions options;
    options.data_dir = dir;
    return options;
  }

  // With a keeper that removes its row, or fails.
  absl::Status Delete(const std::string& name, bool keeper_fails) {
    Audit audit(log_.log());
    storage::Executor executor(1);
    TimerQueue timers(executor);
    InstanceDeletion deletion(log_.log(), audit, timers);
    deletion.AddKeeper([&](const auto& instance, storage::StatusCallback done) {
      EXPECT_TRUE(instance->deleted());
      if (keeper_fails) return std::move(done)(absl::UnavailableError("not now"));
      Forget(std::move(done));
    });
    const absl::Status status = AwaitStatus([&](auto done) { deletion.Delete("me", name, std::move(done)); });
    while (status.ok() && !keeper_fails && !Rows("deletion/").empty()) std::this_thread::yield();
    deletion.Stop();
    log_.Close();  // Waits for callbacks that still run.
    timers.Stop();
    executor.Join();
    log_.Reopen();
    return status;
  }

  void Forget(storage::StatusCallback done) {
    ++forgotten_;
    log_.log().records().Write({{RecordSpace::kKeys, kRow, std::nullopt}}, std::move(done));
  }

  void Keep() {
    ASSERT_TRUE(log_.Append("bot", storage::MakeEvents(3)).ok());
    ASSERT_TRUE(AwaitStatus([&](auto done) {
                  log_.log().records().Write({{RecordSpace::kKeys, kRow, kSetting}}, std::move(done));
                }).ok());
  }

  std::vector<Record> Rows(const std::string& prefix) {
    auto rows = Await<std::vector<Record>>(
        [&](auto done) { log_.log().records().Scan(RecordSpace::kKeys, prefix, "", 100, std::move(done)); });
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *std::move(rows) : std::vector<Record>();
  }

  void ExpectNothingLeft() {
    EXPECT_TRUE(Rows("setting/").empty());
    EXPECT_TRUE(Rows("deletion/").empty());
    while (!testing::FilesWith(dir_.path(), kSetting).empty()) std::this_thread::yield();
  }

  const testing::TempDir dir_;
  storage::Executor executor_{1};
  TimerQueue timers_{executor_};
  LogHarness log_;
  int forgotten_ = 0;
};

TEST_F(InstanceDeletionTest, WhatIsKeptBesideTheLogGoes) {
  Keep();
  ASSERT_FALSE(testing::FilesWith(dir_.path(), kSetting).empty());
  ASSERT_TRUE(Delete("bot", /*keeper_fails=*/false).ok());
  EXPECT_EQ(forgotten_, 1);
  EXPECT_TRUE(HasReason(log_.Get("bot").status(), Reason::kInstanceNotFound));
  ExpectNothingLeft();
}

TEST_F(InstanceDeletionTest, WhatIsKeptBesideTheLogGoesAlsoAfterACrash) {
  Keep();
  ASSERT_TRUE(Delete("bot", /*keeper_fails=*/true).ok()) << "the answer does not wait for what is beside the log";
  ASSERT_EQ(Rows("deletion/").size(), 1u);
  // The name may have begun its next life.
  ASSERT_TRUE(log_.Append("bot", storage::MakeEvents(1)).ok());
  Audit audit(log_.log());
  InstanceDeletion next(log_.log(), audit, timers_);
  std::vector<std::string> names;
  next.AddKeeper([&](const auto& instance, storage::StatusCallback done) {
    names.push_back(instance->name());
    EXPECT_NE(instance->number(), log_.Get("bot")->number);
    Forget(std::move(done));
  });
  ASSERT_TRUE(next.Resume().ok());
  EXPECT_EQ(names, std::vector<std::string>{"bot"});
  EXPECT_EQ(log_.ReadAll("bot")->size(), 1u);
  ExpectNothingLeft();
}

TEST_F(InstanceDeletionTest, OneThatNeverBeganIsForgottenAndNotCarriedOut) {
  Keep();
  const auto number = log_.Get("bot")->number.value();
  ASSERT_TRUE(
      AwaitStatus([&](auto done) {
        log_.log().records().Write({{RecordSpace::kKeys, absl::StrCat("deletion/", number), "bot"}}, std::move(done));
      }).ok());
  Audit audit(log_.log());
  InstanceDeletion deletion(log_.log(), audit, timers_);
  deletion.AddKeeper([&](const auto&, storage::StatusCallback done) { Forget(std::move(done)); });
  ASSERT_TRUE(deletion.Resume().ok());
  EXPECT_EQ(forgotten_, 0);
  EXPECT_EQ(log_.ReadAll("bot")->size(), 3u);
  EXPECT_TRUE(Rows("deletion/").empty());
}

TEST_F(InstanceDeletionTest, WhatDoesNotExistLeavesNoRecord) {
  EXPECT_TRUE(HasReason(Delete("none", false), Reason::kInstanceNotFound));
  EXPECT_TRUE(HasReason(log_.Get("playhead.audit").status(), Reason::kInstanceNotFound));
}

}  // namespace
}  // namespace playhead::broker
