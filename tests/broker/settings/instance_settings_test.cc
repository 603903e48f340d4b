// A setting applies to its instance alone, survives restarts, and takes effect once it is on disk.
#include "broker/settings/instance_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "playhead/store/v1/retention_record.pb.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"

namespace playhead::broker {
namespace {

using storage::InstanceNumber;
using storage::LogHarness;
using storage::RecordChange;
using storage::RecordSpace;
using testing::AwaitStatus;
using ::testing::ElementsAre;
using testing::FaultEnv;
using testing::FaultFileSystem;
using ::testing::IsEmpty;

// Some kind of record; the setting is a text in it.
using TestRecord = store::v1::RetentionRecord;
using Settings = InstanceSettings<TestRecord>;

TestRecord Saying(const std::string& text) {
  TestRecord record;
  record.mutable_policy()->add_type_lives()->set_type(text);
  return record;
}

class InstanceSettingsTest : public ::testing::Test {
 protected:
  InstanceSettingsTest() { settings_ = *Load(); }
  ~InstanceSettingsTest() override { log_->Close(); }

  absl::StatusOr<std::unique_ptr<Settings>> Load() {
    return Settings::Load(log_->log().records(), "test/", "a test's setting");
  }
  void Restart() {
    log_->Reopen();
    settings_ = *Load();
  }

  absl::Status Set(const std::string& name, InstanceNumber number, const std::string& text) {
    return AwaitStatus([&](auto done) { settings_->Set(name, number, Saying(text), std::move(done)); });
  }
  absl::Status Clear(const std::string& name) {
    return AwaitStatus([&](auto done) { settings_->Clear(name, std::move(done)); });
  }
  absl::Status Write(std::vector<RecordChange> changes) {
    return AwaitStatus([&](auto done) { log_->log().records().Write(std::move(changes), std::move(done)); });
  }
  // The text in the record; empty if there is none.
  static std::string TextOf(const std::optional<TestRecord>& record) {
    return record ? record->policy().type_lives(0).type() : "";
  }
  std::string Own(const std::string& name, InstanceNumber number) { return TextOf(settings_->Own(name, number)); }
  std::string Effective(const std::string& name, InstanceNumber number) {
    return TextOf(settings_->Effective(name, number));
  }

  // The number of a new instance.
  InstanceNumber Make(const std::string& name) {
    EXPECT_TRUE(log_->Append(name, storage::MakeEvents(1)).ok());
    return log_->Get(name)->number;
  }
  // Makes the next write fail, with an uncertain outcome for its caller.
  void FailNextWrite() {
    faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("broken"));
  }
  // Retries while the store is being reopened.
  template <typename Call>
  static absl::Status OnceOpen(Call call) {
    absl::Status status = call();
    while (HasReason(status, Reason::kStoreUnavailable)) status = call();
    return status;
  }

  FaultEnv faults_;
  std::unique_ptr<Settings> settings_;  // Must outlive the log, whose callbacks use it.
  std::unique_ptr<LogHarness> log_ = std::make_unique<LogHarness>(storage::StoreOptions{.env = faults_.env.get()});
};

// For instances that do not exist.
constexpr InstanceNumber kOne(1001);
constexpr InstanceNumber kTwo(1002);

TEST_F(InstanceSettingsTest, AnInstancesOwnGoesBeforeWhatIsSetForAll) {
  EXPECT_EQ(Effective("a", kOne), "");
  ASSERT_TRUE(Set("*", InstanceNumber(), "all").ok());
  ASSERT_TRUE(Set("a", kOne, "own").ok());
  EXPECT_EQ(Effective("a", kOne), "own");
  EXPECT_EQ(Effective("b", kTwo), "all");
  EXPECT_EQ(Own("b", kTwo), "");
  EXPECT_EQ(Effective("playhead.audit", kTwo), "") << "the broker's own only go by their own";
  EXPECT_THAT(settings_->Names(), ElementsAre("a"));
  ASSERT_TRUE(Clear("a").ok());
  ASSERT_TRUE(Clear("a").ok()) << "twice is no error";
  EXPECT_EQ(Effective("a", kOne), "all");
  EXPECT_THAT(settings_->Names(), IsEmpty());
}

TEST_F(InstanceSettingsTest, ItOutlivesARestart) {
  const InstanceNumber a = Make("a");
  const InstanceNumber b = Make("b");
  ASSERT_TRUE(Set("*", InstanceNumber(), "all").ok());
  ASSERT_TRUE(Set("a", a, "first").ok());
  ASSERT_TRUE(Set("a", a, "second").ok());
  ASSERT_TRUE(Set("b", b, "gone").ok());
  ASSERT_TRUE(Clear("b").ok());
  Restart();
  EXPECT_EQ(Own("a", a), "second");
  EXPECT_EQ(Effective("b", b), "all");
  EXPECT_THAT(settings_->Names(), ElementsAre("a"));
}

TEST_F(InstanceSettingsTest, WhatWasLeftOfInstancesThatAreNoMoreIsClearedAtTheNextStart) {
  const InstanceNumber kept = Make("kept");
  const InstanceNumber anew = Make("anew");
  const InstanceNumber gone = Make("gone");
  for (const char* const name : {"anew", "gone"}) ASSERT_TRUE(log_->Delete(name).ok());
  ASSERT_NE(Make("anew"), anew);
  ASSERT_TRUE(Set("*", InstanceNumber(), "all").ok());
  ASSERT_TRUE(Set("kept", kept, "own").ok());
  // They were in flight when the instances were deleted.
  ASSERT_TRUE(Set("anew", anew, "old").ok());
  ASSERT_TRUE(Set("gone", gone, "old").ok());
  Restart();
  settings_->ClearLeftOver(log_->log());
  while (settings_->Names().size() > 1) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(Own("kept", kept), "own");
  EXPECT_EQ(TextOf(settings_->OfAll()), "all");
  const auto rows = testing::Await<std::vector<storage::Record>>(
      [&](auto done) { log_->log().records().Scan(RecordSpace::kKeys, "test/", "", 10, std::move(done)); });
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->size(), 2u) << "on disk, too";
}

TEST_F(InstanceSettingsTest, WhatIsSetForAnInstanceThatIsDeletedMeanwhileIsClearedAgain) {
  const auto set = [this](const std::string& name, InstanceNumber number) {
    return AwaitStatus(
        [&](auto done) { settings_->SetWhileItExists(log_->log(), name, number, Saying("old"), std::move(done)); });
  };
  const InstanceNumber kept = Make("kept");
  const InstanceNumber anew = Make("anew");
  const InstanceNumber gone = Make("gone");
  for (const char* const name : {"anew", "gone"}) ASSERT_TRUE(log_->Delete(name).ok());
  ASSERT_NE(Make("anew"), anew);
  EXPECT_TRUE(set("kept", kept).ok());
  EXPECT_TRUE(set("*", InstanceNumber()).ok());
  EXPECT_TRUE(HasReason(set("anew", anew), Reason::kInstanceDeleted));
  EXPECT_TRUE(HasReason(set("gone", gone), Reason::kInstanceNotFound));
  while (settings_->Names().size() > 1) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(Own("kept", kept), "old");
}

TEST_F(InstanceSettingsTest, OfAWriteThatFailedNothingHoldsAndNothingIsInTheWay) {
  ASSERT_TRUE(Set("a", kOne, "old").ok());
  FailNextWrite();
  EXPECT_TRUE(HasReason(Set("a", kTwo, "new"), Reason::kAppendUncertain));
  EXPECT_EQ(Own("a", kOne), "old");
  EXPECT_EQ(Own("a", kTwo), "");
  // The failed one's number is the later one: as long as it counted, this would be refused, and that find nothing.
  EXPECT_TRUE(OnceOpen([&] { return Set("a", kOne, "other"); }).ok());
  EXPECT_EQ(Own("a", kOne), "other");
  const auto clear_one = [&] {
    return AwaitStatus([&](auto done) { settings_->ClearOf("a", kOne, std::move(done)); });
  };
  FailNextWrite();
  EXPECT_TRUE(HasReason(clear_one(), Reason::kAppendUncertain));
  EXPECT_EQ(Own("a", kOne), "other");
  ASSERT_TRUE(OnceOpen(clear_one).ok());
  EXPECT_THAT(settings_->Names(), IsEmpty());
}

TEST_F(InstanceSettingsTest, AnInstanceThatIsMadeAnewDoesNotHaveWhatWasSetForTheDeletedOne) {
  ASSERT_TRUE(log_->Append("a", storage::MakeEvents(1)).ok());
  const std::shared_ptr<storage::Instance> deleted = *log_->Open("a");
  ASSERT_TRUE(Set("a", deleted->number(), "old").ok());
  ASSERT_TRUE(log_->Delete("a").ok());
  ASSERT_TRUE(log_->Append("a", storage::MakeEvents(1)).ok());
  const InstanceNumber number = log_->Get("a")->number;
  EXPECT_EQ(Effective("a", number), "");
  const auto forget = [&] {
    return AwaitStatus([&](auto done) { settings_->ClearOf("a", deleted->number(), std::move(done)); });
  };
  ASSERT_TRUE(forget().ok());
  EXPECT_THAT(settings_->Names(), IsEmpty());
  ASSERT_TRUE(Set("a", number, "new").ok());
  ASSERT_TRUE(forget().ok());
  EXPECT_EQ(Own("a", number), "new") << "a deletion that is told late takes nothing from the next of that name";
}

TEST_F(InstanceSettingsTest, WhatIsOnItsWayForALaterInstanceIsNotClearedWithTheDeletedOnes) {
  const InstanceNumber deleted = Make("a");
  ASSERT_TRUE(log_->Delete("a").ok());
  const InstanceNumber later = Make("a");
  ASSERT_TRUE(Set("a", deleted, "old").ok());
  absl::BlockingCounter pending(2);
  const auto done = [&pending](const absl::Status& status) {
    EXPECT_TRUE(status.ok()) << status;
    pending.DecrementCount();
  };
  settings_->Set("a", later, Saying("new"), done);
  settings_->ClearOf("a", deleted, done);  // Which is still what holds.
  pending.Wait();
  EXPECT_EQ(Own("a", later), "new");
  EXPECT_TRUE(HasReason(Set("a", deleted, "late"), Reason::kInstanceDeleted));
  Restart();
  EXPECT_EQ(Own("a", later), "new");
}

TEST_F(InstanceSettingsTest, OfChangesThatOverlapTheOneHoldsThatIsOnDisk) {
  const InstanceNumber a = Make("a");
  constexpr int kThreads = 4;
  constexpr int kChanges = 100;  // Of each.
  absl::BlockingCounter pending(kThreads * kChanges);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kChanges; ++i) {
        const auto done = [&pending](const absl::Status& status) {
          EXPECT_TRUE(status.ok()) << status;
          pending.DecrementCount();
        };
        i % 3 == 0 ? settings_->Clear("a", done) : settings_->Set("a", a, Saying(absl::StrCat(thread, "-", i)), done);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  pending.Wait();
  const auto held = Own("a", a);
  Restart();
  EXPECT_EQ(Own("a", a), held);
}

TEST_F(InstanceSettingsTest, MoreInstancesThanThereIsRoomForAreRefused) {
  absl::BlockingCounter pending(kInstanceSettingsMax);
  for (size_t i = 0; i < kInstanceSettingsMax; ++i) {
    settings_->Set(absl::StrCat(i), kOne, Saying("own"), [&pending](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      pending.DecrementCount();
    });
  }
  pending.Wait();
  ASSERT_EQ(settings_->Names().size(), kInstanceSettingsMax);
  const absl::Status refused = Set("a", kOne, "own");
  EXPECT_TRUE(HasReason(refused, Reason::kKeysLimit)) << refused;
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("10000 instances have a test's setting"));
  EXPECT_TRUE(Set("0", kOne, "another").ok()) << "what has one may have another in its place";
  EXPECT_TRUE(Set("*", InstanceNumber(), "all").ok()) << "all is none of them";
  ASSERT_TRUE(Clear("0").ok());
  EXPECT_TRUE(Set("a", kOne, "own").ok());
}

TEST_F(InstanceSettingsTest, ADamagedRowIsNotPassedOver) {
  ASSERT_TRUE(Write({{RecordSpace::kKeys, "test/a", "\xff"}}).ok());
  EXPECT_TRUE(HasReason(Load().status(), Reason::kDataLoss));
}

}  // namespace
}  // namespace playhead::broker
