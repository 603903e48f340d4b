// Erasures on a disk that fails, and after a power loss.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"

namespace playhead::storage {
namespace {

using playhead::testing::AwaitStatus;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TestSeed;

constexpr uint64_t kBatches = 60;
constexpr uint64_t kBatchEvents = 50;

class ErasureFaultTest : public ::testing::Test {
 protected:
  void Open() {
    StoreOptions options;
    options.data_dir = dir_.path();
    options.env = faults_.env.get();
    options.slice_bytes = 500'000;
    harness_.emplace(std::move(options));
  }

  void Fill() {
    for (uint64_t i = 0; i < kBatches; ++i) {
      std::vector<TestEvent> events;
      for (uint64_t k = 0; k < kBatchEvents; ++k) {
        events.push_back({.data = std::string(500, 'x'), .attributes = {{"customer", absl::StrCat(k % 5)}}});
      }
      ASSERT_TRUE(harness_->Append(absl::StrCat("i", i % 2), events).ok());
    }
  }

  // Of both instances, again and again while the store is being reopened.
  uint64_t CountOf(const std::string& customer) {
    uint64_t count = 0;
    for (const char* const name : {"i0", "i1"}) {
      auto events = harness_->ReadAll(name);
      while (HasReason(events.status(), Reason::kStoreUnavailable)) events = harness_->ReadAll(name);
      EXPECT_TRUE(events.ok()) << events.status();
      for (const TestEvent& event : *events) {
        count += !event.attributes.empty() && event.attributes.front().second == customer ? 1 : 0;
      }
    }
    return count;
  }

  static ErasureRequest Of(const std::string& customer) {
    return {.instances = {"*"}, .attribute = {{"customer", customer}}};
  }

  const playhead::testing::TempDir dir_;
  FaultEnv faults_;
  std::optional<LogHarness> harness_;
};

TEST_F(ErasureFaultTest, AFailedSyncInTheMiddleIsSurvived) {
  Open();
  Fill();
  for (int customer = 0; customer < 5; ++customer) {
    const auto erasure = harness_->StartErasure(Of(absl::StrCat(customer)));
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    const auto operation = customer % 2 == 0 ? FaultFileSystem::Operation::kSync : FaultFileSystem::Operation::kWrite;
    faults_.files->FailOnce(operation, ".log", customer / 2, rocksdb::IOStatus::IOError("the disk is broken"));
    EXPECT_EQ(CountOf(absl::StrCat(customer)), 0u);
    const ErasureInfo ended = harness_->AwaitEnd(erasure->id);
    EXPECT_EQ(ended.progress.erased_events, kBatches * kBatchEvents / 5) << "each counted once, whatever was repeated";
    EXPECT_EQ(CountOf(absl::StrCat(customer)), 0u);
    EXPECT_EQ(CountOf(absl::StrCat(customer + 1)), customer == 4 ? 0 : kBatches * kBatchEvents / 5);
    faults_.files->Heal();
  }
}

// Commits without events are numbered but not listed. After a power loss, the numbers after that of the erasure must
// not be reused.
TEST_F(ErasureFaultTest, WhatIsStoredAfterALossOfPowerIsNotErased) {
  Random random(TestSeed());
  Open();
  Fill();
  for (int i = 0; i < 10; ++i) {
    const absl::Status written = AwaitStatus([&](auto done) {
      harness_->log().records().Write({{RecordSpace::kConsumers, "test/row", absl::StrCat(i)}}, std::move(done));
    });
    ASSERT_TRUE(written.ok()) << written;
  }
  const auto erasure = harness_->StartErasure(Of("0"));
  ASSERT_TRUE(erasure.ok()) << erasure.status();
  faults_.files->CutPower();
  harness_.reset();
  faults_.files->RestorePower(random);
  Open();
  ASSERT_TRUE(harness_->Append("i0", {{.data = "later", .attributes = {{"customer", "0"}}}}).ok());
  EXPECT_EQ(CountOf("0"), 1u);
  EXPECT_EQ(harness_->AwaitEnd(erasure->id).progress.erased_events, kBatches * kBatchEvents / 5);
  EXPECT_EQ(CountOf("0"), 1u);
}

TEST_F(ErasureFaultTest, WhatWasTakenBeforeALossOfPowerIsErased) {
  Random random(TestSeed());
  Open();
  Fill();
  for (int customer = 0; customer < 5; ++customer) {
    const auto erasure = harness_->StartErasure(Of(absl::StrCat(customer)));
    ASSERT_TRUE(erasure.ok()) << erasure.status();
    for (uint64_t reads = random.Below(4); reads > 0; --reads) CountOf("0");  // Lets it get on.
    faults_.files->CutPower();
    harness_.reset();
    faults_.files->RestorePower(random);
    Open();
    EXPECT_EQ(CountOf(absl::StrCat(customer)), 0u);
    const ErasureInfo ended = harness_->AwaitEnd(erasure->id);
    EXPECT_EQ(ended.state, ErasureState::kDone);
    EXPECT_EQ(ended.progress.erased_events, kBatches * kBatchEvents / 5);
  }
}

}  // namespace
}  // namespace playhead::storage
