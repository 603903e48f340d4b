// Deletions on a disk that fails. What the broker keeps about an instance is deleted if the instance is, and only then,
// without a restart.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/instance_deletion.h"
#include "broker/limits.h"
#include "broker/sessions/acked_sessions.h"
#include "broker/sessions/session_key.h"
#include "broker/sessions/session_store.h"
#include "broker/settings/instance_settings.h"
#include "playhead/store/v1/retention_record.pb.h"
#include "proto/errors.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/storage/file_search.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using storage::Instance;
using storage::InstanceInfo;
using storage::InstanceNumber;
using storage::Record;
using storage::RecordSpace;
using testing::AppendNumbered;
using testing::Await;
using testing::AwaitStatus;
using testing::BrokerCore;
using testing::FaultFileSystem;
using testing::FilesWith;
using testing::Token;

using Settings = InstanceSettings<store::v1::RetentionRecord>;

constexpr auto kSync = FaultFileSystem::Operation::kSync;
constexpr auto kWrite = FaultFileSystem::Operation::kWrite;

// How many writes a deletion makes before the commit that deletes: the audit record and the deletion order.
constexpr int kWritesBefore = 2;

constexpr absl::Duration kPatience = absl::Seconds(60);

// Waits until `is_true` is, for at most kPatience. Whether it is.
bool Eventually(absl::FunctionRef<bool()> is_true) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!is_true()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return true;
}

class InstanceDeletionFaultTest : public ::testing::Test {
 protected:
  InstanceDeletionFaultTest() { Start(); }
  ~InstanceDeletionFaultTest() override { Stop(); }

  void Start() {
    core_ = std::make_unique<BrokerCore>(
        Limits(), dir_.path(), [] { return absl::Now(); }, faults_.env.get());
    consumers_ = *ConsumerRegistry::Load(core_->core());
    sessions_ = *SessionStore::Load(core_->core());
    acked_sessions_ = std::make_unique<AckedSessions>(core_->core(), *consumers_, *sessions_, "test");
    ASSERT_TRUE(acked_sessions_->Load().ok());
    settings_ = *Settings::Load(log().records(), "test/", "a test's setting");
    deletion_ = std::make_unique<InstanceDeletion>(log(), core_->core().audit, core_->core().timers);
    deletion_->AddKeeper([this](const auto&, storage::StatusCallback done) {
      ++keepers_asked_;
      std::move(done)(keepers_fail_ ? absl::UnavailableError("not now") : absl::OkStatus());
    });
    deletion_->AddKeeper(
        [this](const auto& instance, auto done) { consumers_->OnInstanceDeleted(instance, std::move(done)); });
    deletion_->AddKeeper(
        [this](const auto& instance, auto done) { sessions_->OnInstanceDeleted(instance, std::move(done)); });
    deletion_->AddKeeper([this](const auto& instance, auto done) {
      settings_->ClearOf(instance->name(), instance->number(), std::move(done));
    });
    const absl::Status resumed = deletion_->Resume();
    ASSERT_TRUE(resumed.ok()) << resumed;
  }
  // In the same order as the broker.
  void Stop() {
    deletion_->Stop();
    consumers_->Stop(absl::Now() + absl::Seconds(10));
    sessions_->Stop(absl::Now() + absl::Seconds(10));
    core_.reset();
    deletion_.reset();
    settings_.reset();
    acked_sessions_.reset();
    sessions_.reset();
    consumers_.reset();
  }

  storage::EventLog& log() { return core_->log(); }

  absl::StatusOr<InstanceInfo> Get() {
    return Await<InstanceInfo>([&](auto done) { log().GetInstance(name_, std::move(done)); });
  }

  absl::StatusOr<std::shared_ptr<Instance>> Open() {
    return Await<std::shared_ptr<Instance>>(
        [&](auto done) { log().OpenInstance(name_, storage::OpenMode::kCreateIfPermitted, std::move(done)); });
  }
  // Opens a session as one connection of a VZaps client does, and creates the instance if there is none. Returns the
  // number of the instance of its first event, or the default number if it is refused or closed before an event comes.
  InstanceNumber FirstDelivery() {
    const auto instance = Open();
    if (!instance.ok()) return InstanceNumber();
    const auto opened = Await<AckedSessions::Opened>([&](auto done) {
      acked_sessions_->Open({.key = key_, .owner = "key", .instance = *instance, .start = FromBeginning()},
                            std::move(done));
    });
    if (!opened.ok()) return InstanceNumber();
    for (;;) {
      const auto promise = std::make_shared<std::promise<SessionDelivery>>();
      opened->session->Next([promise](SessionDelivery delivery) { promise->set_value(std::move(delivery)); });
      const SessionDelivery delivery = promise->get_future().get();
      const auto* const events = std::get_if<SessionEvents>(&delivery);
      if (events == nullptr) return InstanceNumber();
      if (events->slices.empty()) continue;
      opened->session->End(/*client_left=*/false);
      return (*instance)->number();
    }
  }

  ConsumerConfig Config() const {
    ConsumerConfig config;
    config.name = consumer_;
    config.source = {ConsumerSource::Kind::kInstance, name_};
    return config;
  }
  absl::StatusOr<ConsumerRegistry::Created> Create() {
    return Await<ConsumerRegistry::Created>(
        [&](auto done) { consumers_->Create(nullptr, Config(), StartPosition(FromBeginning()), std::move(done)); });
  }

  // Makes every keeper store something about the instance, and restarts, so that it is in the files and only a deletion
  // writes from then on.
  void Keep() {
    AppendNumbered(log(), name_, 0, 3);
    number_ = Get()->number;
    ASSERT_TRUE(Create().ok());
    EXPECT_EQ(FirstDelivery(), number_);
    ASSERT_TRUE(sessions_->Put("other.session", {.owner = "key", .instance = number_, .value = value_}).ok());
    store::v1::RetentionRecord record;
    record.mutable_policy()->add_type_lives()->set_type(setting_);
    ASSERT_TRUE(AwaitStatus([&](auto done) { settings_->Set(name_, number_, record, std::move(done)); }).ok());
    Stop();
    Start();
    ASSERT_EQ(LeftOver().size(), 5u);
  }

  absl::Status Delete() {
    return AwaitStatus([&](auto done) { deletion_->Delete("me", name_, std::move(done)); });
  }
  // Fails the commit that deletes. With kSync it is on disk all the same. With kWrite only half of it is, and is cut
  // off.
  void FailDeletion(FaultFileSystem::Operation operation) {
    faults_.files->FailOnce(operation, ".log", kWritesBefore, rocksdb::IOStatus::IOError("the disk is broken"));
  }
  bool AwaitFinished() {
    return Eventually([this] { return deletion_->unfinished() == 0; });
  }

  // Everything that is kept in memory about the instance `number_`.
  std::vector<std::string> LeftOver() {
    std::vector<std::string> left;
    const auto infos = [&](const std::string& prefix) {
      return *Await<std::vector<ConsumerInfo>>(
          [&](auto done) { consumers_->List(nullptr, prefix, "", 100, std::move(done)); });
    };
    for (const char* const prefix : {"", "session."}) {
      for (const ConsumerInfo& info : infos(prefix)) left.push_back(info.config.name);
    }
    for (const std::string& key : sessions_->Keys("")) {
      if (sessions_->Get(key)->instance == number_) left.push_back(key);
    }
    if (settings_->Own(name_, number_)) left.push_back("setting");
    return left;
  }
  std::vector<std::string> Orders() {
    std::vector<std::string> orders;
    const auto rows = Await<std::vector<Record>>(
        [&](auto done) { log().records().Scan(RecordSpace::kKeys, "deletion/", "", 100, std::move(done)); });
    EXPECT_TRUE(rows.ok()) << rows.status();
    for (const Record& row : *rows) orders.push_back(row.key);
    return orders;
  }
  // The audit log may keep the name, so its events are erased first.
  void ExpectNoByteLeft() {
    storage::ErasureRequest request = {.instances = {std::string(kAuditInstance)}};
    const auto audit = core_->Open(kAuditInstance);
    for (storage::Cursor cursor(1); cursor <= audit->head(); cursor = cursor + 1) request.cursors.push_back(cursor);
    const auto erasure =
        Await<storage::ErasureInfo>([&](auto done) { log().erasures().Start(std::move(request), std::move(done)); });
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    for (const std::string& text : {name_, consumer_, key_, setting_, value_}) {
      EXPECT_TRUE(Eventually([&] { return FilesWith(dir_.path(), text).empty(); }))
          << text << " is in " << absl::StrJoin(FilesWith(dir_.path(), text), ", ");
    }
  }

  const testing::TempDir dir_;
  testing::FaultEnv faults_;
  const std::string name_ = absl::StrCat("bot.", Token(1));
  const std::string consumer_ = absl::StrCat("consumer.", Token(2));
  const std::string setting_ = Token(3);
  const std::string value_ = Token(4);
  const std::string key_ = SessionKey("test", {"token"});
  InstanceNumber number_;  // The first life of the name.
  std::atomic<int> keepers_asked_{0};
  std::atomic<bool> keepers_fail_{false};
  // In the order of broker/server.h.
  std::unique_ptr<ConsumerRegistry> consumers_;
  std::unique_ptr<SessionStore> sessions_;
  std::unique_ptr<AckedSessions> acked_sessions_;
  std::unique_ptr<Settings> settings_;
  std::unique_ptr<InstanceDeletion> deletion_;
  std::unique_ptr<BrokerCore> core_;
};

TEST_F(InstanceDeletionFaultTest, WhatIsKeptOfAnInstanceGoesWithADeletionThatIsOnDiskAlthoughItsWriteFailed) {
  Keep();
  FailDeletion(kSync);
  const absl::Status deleted = Delete();
  EXPECT_TRUE(HasReason(deleted, Reason::kAppendUncertain)) << deleted;
  ASSERT_TRUE(AwaitFinished());
  EXPECT_TRUE(HasReason(Delete(), Reason::kInstanceNotFound)) << "the caller tries again";
  EXPECT_EQ(LeftOver(), std::vector<std::string>());
  EXPECT_EQ(Orders(), std::vector<std::string>());
  ExpectNoByteLeft();
}

TEST_F(InstanceDeletionFaultTest, TheNextInstanceOfTheNameHasConsumersAndSessionsOfItsOwn) {
  Keep();
  FailDeletion(kSync);
  const absl::Status deleted = Delete();
  EXPECT_TRUE(HasReason(deleted, Reason::kAppendUncertain)) << deleted;
  // Somebody creates the next instance at once.
  InstanceNumber next;
  ASSERT_TRUE(Eventually([&] {
    const auto opened = Open();
    if (opened.ok()) next = (*opened)->number();
    return opened.ok() && next != number_;
  }));
  AppendNumbered(log(), name_, 0, 2);
  EXPECT_TRUE(Eventually([&] { return FirstDelivery() == next; })) << "its clients come back until they are let in";
  ASSERT_TRUE(AwaitFinished());
  const auto created = Create();
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created->created);
  testing::TestHolder holder(*consumers_->Open(nullptr, consumer_, {}));
  EXPECT_EQ(holder.TakeCursors(2).size(), 2u);
  EXPECT_FALSE(settings_->Own(name_, next));
  EXPECT_EQ(Orders(), std::vector<std::string>());
}

TEST_F(InstanceDeletionFaultTest, AnInstanceWhoseDeletionIsNotOnDiskLivesOnWithAllThatIsKeptOfIt) {
  Keep();
  FailDeletion(kWrite);
  const absl::Status deleted = Delete();
  EXPECT_TRUE(HasReason(deleted, Reason::kAppendUncertain)) << deleted;
  ASSERT_TRUE(AwaitFinished());
  EXPECT_EQ(Get()->number, number_);
  EXPECT_EQ(keepers_asked_.load(), 0);
  EXPECT_EQ(LeftOver().size(), 5u);
  AppendNumbered(log(), name_, 3, 1);
  EXPECT_EQ(FirstDelivery(), number_);
  EXPECT_FALSE(Create()->created);
  // The failed attempt does not prevent the next one.
  EXPECT_TRUE(Delete().ok());
  ASSERT_TRUE(AwaitFinished());
  EXPECT_EQ(LeftOver(), std::vector<std::string>());
  EXPECT_EQ(Orders(), std::vector<std::string>());
  ExpectNoByteLeft();
}

TEST_F(InstanceDeletionFaultTest, WhatCannotBeForgottenIsTriedAgainUntilItCan) {
  Keep();
  keepers_fail_ = true;
  ASSERT_TRUE(Delete().ok()) << "the answer does not wait for it";
  ASSERT_TRUE(Eventually([this] { return keepers_asked_ > 2; }));
  EXPECT_EQ(Orders().size(), 1u);
  EXPECT_EQ(LeftOver().size(), 5u);
  // Now it is the disk that fails.
  faults_.files->FailFrom(kWrite, ".log", 0, rocksdb::IOStatus::IOError("the disk is broken"));
  const auto reopens = log().stats().reopens;
  keepers_fail_ = false;
  ASSERT_TRUE(Eventually([&] { return !log().CheckTakesAppends().ok() || log().stats().reopens > reopens; }))
      << "no keeper wrote while the disk failed";
  EXPECT_EQ(deletion_->unfinished(), 1u);
  faults_.files->Heal();
  ASSERT_TRUE(AwaitFinished());
  EXPECT_EQ(LeftOver(), std::vector<std::string>());
  EXPECT_EQ(Orders(), std::vector<std::string>());
  ExpectNoByteLeft();
}

TEST_F(InstanceDeletionFaultTest, ARestartInBetweenLeavesNothingEither) {
  Keep();
  keepers_fail_ = true;
  FailDeletion(kSync);
  const absl::Status deleted = Delete();
  EXPECT_TRUE(HasReason(deleted, Reason::kAppendUncertain)) << deleted;
  ASSERT_TRUE(Eventually([this] { return keepers_asked_ > 0; }));
  Stop();
  keepers_fail_ = false;
  Start();
  EXPECT_EQ(LeftOver(), std::vector<std::string>());
  EXPECT_EQ(Orders(), std::vector<std::string>());
  ExpectNoByteLeft();
}

}  // namespace
}  // namespace playhead::broker
