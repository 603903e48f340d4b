// Limits apply once they are on disk, and none is missed.
#include "broker/quota/limit_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"

namespace playhead::broker {
namespace {

using storage::LogHarness;
using storage::RecordSpace;
using testing::AwaitStatus;
using ::testing::ElementsAre;
using testing::FaultEnv;
using testing::FaultFileSystem;

v1::InstanceLimits EventsPerSecond(uint64_t events) {
  v1::InstanceLimits limits;
  limits.set_append_events_per_second(events);
  return limits;
}

class LimitSettingsTest : public ::testing::Test {
 protected:
  LimitSettingsTest() { settings_ = *Load(); }
  ~LimitSettingsTest() override { log_->Close(); }

  absl::StatusOr<std::unique_ptr<LimitSettings>> Load() { return LimitSettings::Load(log_->log().records()); }

  absl::Status Set(const std::string& instance, uint64_t events) {
    return AwaitStatus([&](auto done) { settings_->Set(instance, EventsPerSecond(events), std::move(done)); });
  }
  absl::Status Clear(const std::string& instance) {
    return AwaitStatus([&](auto done) { settings_->Clear(instance, std::move(done)); });
  }
  uint64_t Of(const std::string& instance) { return settings_->Of(instance).append_events_per_second; }
  // The instances with limits of their own.
  std::vector<std::string> Named(const std::string& after, size_t limit) {
    std::vector<std::string> names;
    for (const auto& [name, limits] : settings_->List(after, limit)) names.push_back(name);
    return names;
  }

  FaultEnv faults_;
  std::unique_ptr<LimitSettings> settings_;  // Outlives the log, whose callbacks end in it.
  std::unique_ptr<LogHarness> log_ = std::make_unique<LogHarness>(storage::StoreOptions{.env = faults_.env.get()});
};

TEST_F(LimitSettingsTest, AnInstancesOwnStandsBeforeTheDefaultAlsoAfterARestart) {
  EXPECT_TRUE(settings_->none());
  ASSERT_TRUE(Set("", 5).ok());
  for (const char* const name : {"c", "a", "b", "default"}) ASSERT_TRUE(Set(name, 7).ok());
  for (int start = 0; start < 2; ++start) {
    EXPECT_FALSE(settings_->none());
    EXPECT_EQ(Of("a"), 7u);
    EXPECT_EQ(Of("other"), 5u);
    EXPECT_THAT(Named("", 2), ElementsAre("a", "b"));
    EXPECT_THAT(Named("b", 10), ElementsAre("c", "default"));
    log_->Reopen();
    settings_ = *Load();
  }
  ASSERT_TRUE(Clear("").ok());
  EXPECT_EQ(Of("other"), 0u);
  for (const char* const name : {"c", "a", "b", "default"}) ASSERT_TRUE(Clear(name).ok());
  EXPECT_TRUE(settings_->none());
}

TEST_F(LimitSettingsTest, OfAWriteThatFailedNothingHolds) {
  ASSERT_TRUE(Set("a", 5).ok());
  const auto fail_next = [this] {
    faults_.files->FailOnce(FaultFileSystem::Operation::kSync, ".log", 0, rocksdb::IOStatus::IOError("broken"));
  };
  fail_next();
  EXPECT_TRUE(HasReason(Set("a", 7), Reason::kAppendUncertain));
  EXPECT_EQ(Of("a"), 5u);
  absl::Status cleared = Clear("a");
  while (HasReason(cleared, Reason::kStoreUnavailable)) cleared = Clear("a");
  ASSERT_TRUE(cleared.ok()) << cleared;
  EXPECT_TRUE(settings_->none());
  fail_next();
  EXPECT_TRUE(HasReason(Set("a", 7), Reason::kAppendUncertain));
  EXPECT_TRUE(settings_->none());
  EXPECT_FALSE(settings_->Own("a").has_value());
}

TEST_F(LimitSettingsTest, MoreInstancesThanThereIsRoomForAreRefused) {
  absl::BlockingCounter pending(kInstanceSettingsMax);
  for (size_t i = 0; i < kInstanceSettingsMax; ++i) {
    settings_->Set(absl::StrCat(i), EventsPerSecond(1), [&pending](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      pending.DecrementCount();
    });
  }
  pending.Wait();
  EXPECT_TRUE(HasReason(settings_->CheckSet("a", EventsPerSecond(1)), Reason::kLimitInvalid));
  EXPECT_TRUE(settings_->CheckSet("0", EventsPerSecond(2)).ok()) << "what has one may have another in its place";
  EXPECT_TRUE(settings_->CheckSet("", EventsPerSecond(2)).ok()) << "the default is none of them";
}

TEST_F(LimitSettingsTest, ADamagedRowIsNotPassedOver) {
  for (const char* const key : {"limit/default", "limit/instance/a", "limit/of-another-kind"}) {
    const std::string value = key == std::string("limit/of-another-kind") ? "" : "\xff";
    ASSERT_TRUE(AwaitStatus([&](auto done) {
                  log_->log().records().Write({{RecordSpace::kKeys, key, value}}, std::move(done));
                }).ok());
    EXPECT_TRUE(absl::IsDataLoss(Load().status())) << key;
    ASSERT_TRUE(AwaitStatus([&](auto done) {
                  log_->log().records().Write({{RecordSpace::kKeys, key, std::nullopt}}, std::move(done));
                }).ok());
  }
  EXPECT_TRUE(Load().ok());
}

}  // namespace
}  // namespace playhead::broker
