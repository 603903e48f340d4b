// How long identities are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/store/dedup_records.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

Timestamp At(absl::Duration since_epoch) { return Timestamp(absl::ToInt64Microseconds(since_epoch)); }

TEST(DedupExpiryTest, AnIdIsForgottenBehindItsOwnWindowElseTheStores) {
  const DedupExpiry expiry(kDay);
  const Timestamp stored = At(100 * kDay);
  const IdRecord plain{stored, Cursor(1), std::nullopt};
  const IdRecord own{stored, Cursor(1), 8 * kDay};
  const RunRecord run{stored, Cursor(1), 1};
  EXPECT_FALSE(expiry.IsForgotten(plain, At(101 * kDay)));
  EXPECT_TRUE(expiry.IsForgotten(plain, At(101 * kDay + absl::Microseconds(1))));
  EXPECT_TRUE(expiry.IsForgotten(run, At(101 * kDay + absl::Microseconds(1))));
  EXPECT_FALSE(expiry.IsForgotten(own, At(108 * kDay)));
  EXPECT_TRUE(expiry.IsForgotten(own, At(108 * kDay + absl::Microseconds(1))));
}

TEST(DedupExpiryTest, AShareShortensEveryWindowInProportion) {
  DedupExpiry expiry(kDay);
  expiry.set_share(0.5);
  const Timestamp stored = At(100 * kDay);
  EXPECT_FALSE(expiry.IsForgotten(IdRecord{stored, Cursor(1), 8 * kDay}, At(104 * kDay)));
  EXPECT_TRUE(expiry.IsForgotten(IdRecord{stored, Cursor(1), 8 * kDay}, At(104.1 * kDay)));
  EXPECT_TRUE(expiry.IsForgotten(RunRecord{stored, Cursor(1), 1}, At(100.6 * kDay)));
}

TEST(DedupExpiryTest, CompactionDropsWhatIsForgottenAndNothingElse) {
  const auto filter = MakeDedupExpiryFilter(std::make_shared<DedupExpiry>(kDay))->CreateCompactionFilter({});
  const auto drops = [&](const std::string& key, const std::string& value) {
    std::string changed;
    bool is_changed = false;
    return filter->Filter(0, key, value, &changed, &is_changed);
  };
  const std::string id = IdKey(InstanceNumber(1), IdHash::Of("x"));
  const std::string run = RunKey(InstanceNumber(1), "p", 1);
  const Timestamp two_days_ago(absl::ToUnixMicros(absl::Now() - 2 * kDay));
  const Timestamp now = Timestamp::Now();
  EXPECT_TRUE(drops(id, Encode(IdRecord{two_days_ago, Cursor(1), std::nullopt})));
  EXPECT_FALSE(drops(id, Encode(IdRecord{two_days_ago, Cursor(1), 8 * kDay})));
  EXPECT_TRUE(drops(id, Encode(IdRecord{two_days_ago, Cursor(1), kDay})));
  EXPECT_FALSE(drops(id, Encode(IdRecord{now, Cursor(1), std::nullopt})));
  // A run is as long as an id with a window: its key tells them apart.
  EXPECT_TRUE(drops(run, Encode(RunRecord{two_days_ago, Cursor(1), 0xffffffff})));
  EXPECT_FALSE(drops(run, Encode(RunRecord{now, Cursor(1), 1})));
  EXPECT_FALSE(drops(id, "damaged"));
}

class DedupTest : public ::testing::Test {
 protected:
  // Whether the id was taken for a new one.
  bool IsNew(const std::string& id, std::optional<absl::Duration> window = std::nullopt) {
    AppendBatch batch = MakeBatch("a", {{.data = "x", .id = id}});
    batch.dedup_window = window;
    const auto result = log_.Append(std::move(batch));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() && result->duplicates_at.empty();
  }

  void ReopenWith(absl::Duration store_window) {
    StoreOptions options = log_.options();
    options.dedup_window = store_window;
    log_.Reopen(options);
  }

  LogHarness log_;
};

TEST_F(DedupTest, AnAppendsOwnWindowHoldsAgainstAShorterSettingOfTheStore) {
  ASSERT_TRUE(IsNew("own", 8 * kDay));
  ASSERT_TRUE(IsNew("plain"));
  EXPECT_FALSE(IsNew("own"));
  EXPECT_FALSE(IsNew("plain"));
  ReopenWith(absl::ZeroDuration());
  EXPECT_FALSE(IsNew("own"));
  EXPECT_TRUE(IsNew("plain"));
  EXPECT_TRUE(IsNew("plain")) << "nothing is remembered without a window of its own";
}

TEST_F(DedupTest, AnAppendsOwnWindowMayBeShorterThanTheStores) {
  ASSERT_TRUE(IsNew("brief", absl::Milliseconds(1)));
  while (!IsNew("brief", absl::Milliseconds(1))) {
  }
  ReopenWith(kDay);
  while (!IsNew("brief")) {
  }
  EXPECT_FALSE(IsNew("brief")) << "the last append asked for no window of its own";
}

TEST_F(DedupTest, ADuplicateDoesNotProlongAWindow) {
  ASSERT_TRUE(IsNew("a"));
  ASSERT_FALSE(IsNew("a", 8 * kDay));
  ReopenWith(absl::ZeroDuration());
  EXPECT_TRUE(IsNew("a"));
}

TEST_F(DedupTest, AWindowBeyondItsBoundsIsRefused) {
  for (const absl::Duration window : {absl::ZeroDuration(), absl::Microseconds(999), -kDay,
                                      kDedupWindowMax + absl::Milliseconds(1), absl::InfiniteDuration()}) {
    AppendBatch batch = MakeBatch("a", {{.data = "x", .id = "x"}});
    batch.dedup_window = window;
    const absl::Status status = log_.Append(std::move(batch)).status();
    EXPECT_TRUE(HasReason(status, Reason::kMalformedRequest)) << status;
  }
  EXPECT_TRUE(IsNew("x", kDedupWindowMax));
  EXPECT_FALSE(IsNew("x"));
}

TEST_F(DedupTest, BeyondTheBoundEveryWindowShrinksUntilItHolds) {
  StoreOptions options = log_.options();
  options.dedup_window = absl::Seconds(10);
  options.dedup_entries_max = 500;
  log_.Reopen(options);
  ASSERT_TRUE(IsNew("plain"));
  ASSERT_TRUE(IsNew("own", absl::Seconds(20)));
  int appended = 0;
  const auto append_more = [&] {
    std::vector<TestEvent> events;
    for (int i = 0; i < 100; ++i) events.push_back({.data = "x", .id = absl::StrCat("more", appended++)});
    ASSERT_TRUE(log_.Append("a", events).ok());
  };
  for (int i = 0; i < 20; ++i) append_more();
  while (!IsNew("plain")) {
  }
  while (!IsNew("own", absl::Seconds(20))) {
  }
}

}  // namespace
}  // namespace playhead::storage
