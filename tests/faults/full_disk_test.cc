// A full disk, as detected by the watermark and by RocksDB itself. What was acknowledged stays, appends are refused
// with the reason, and they work again once there is space. The disk is a real one where this user may mount one, and a
// simulated one everywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "tests/faults/failing_disk.h"
#include "tests/faults/fault_fixture.h"
#include "tests/faults/small_disk.h"
#include "tests/support/http_connection.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

enum class Disk { kReal, kPlayed };

class FullDiskTest : public FaultFixture, public ::testing::WithParamInterface<Disk> {
 protected:
  void SetUp() override {
    const std::string path = folder() + "/disk";
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    if (GetParam() == Disk::kPlayed) {
      played_ = std::make_unique<FailingDisk>(path);
      set_data_dir(played_->path() + "/store");
      return;
    }
    auto disk = SmallDisk::Mount(path, 64 * kMiB);
    if (!disk.ok()) GTEST_SKIP() << disk.status();
    real_ = *std::move(disk);
    set_data_dir(real_->path() + "/store");
  }
  void TearDown() override { KillBroker(); }

  void ServeOnDisk(const std::vector<std::string>& flags) {
    Serve(flags, {.environment = played_ != nullptr ? played_->environment() : std::vector<std::string>()});
  }
  void FillUpTo(uint64_t free_bytes) {
    if (played_ != nullptr) return played_->FillUpTo(free_bytes);
    real_->FillUpTo(free_bytes);
  }
  void Relieve() {
    if (played_ != nullptr) return played_->Mend();
    real_->Relieve();
  }

  // Large and incompressible, so that the disk fills up soon.
  static std::string DataNumber(uint64_t number) {
    Random random(number);
    std::string data = absl::StrCat(number, " ");
    while (data.size() < 16'000) data.push_back(static_cast<char>('a' + random.Below(26)));
    return data;
  }

  // Retries the next event until it is stored, or until `refused`, which is called with every refusal, returns false.
  // Fails the test after kPatience.
  template <typename Refused>
  void AppendNext(SingleAppender& appender, Refused refused) {
    ++appended_;
    const absl::Time patience = absl::Now() + kPatience;
    for (;;) {
      const auto cursor = appender.Append("bot", DataNumber(appended_), appended_);
      if (cursor.ok()) {
        EXPECT_EQ(*cursor, appended_);
        return;
      }
      EXPECT_TRUE(IsRetryable(cursor.status())) << cursor.status();
      if (!refused(cursor.status())) {
        --appended_;
        return;
      }
      ASSERT_LT(absl::Now(), patience) << cursor.status();
    }
  }
  // For AppendNext: gives up once there are `count` refusals, so that the next AppendNext appends the same event.
  static auto RefusalsUpTo(int count, std::vector<absl::Status>& statuses) {
    return [count, &statuses](const absl::Status& status) {
      statuses.push_back(status);
      return statuses.size() < static_cast<size_t>(count);
    };
  }
  static bool Again(const absl::Status& /*refusal*/) { return true; }

  std::vector<std::string> Appended() const {
    std::vector<std::string> data;
    for (uint64_t number = 1; number <= appended_; ++number) data.push_back(DataNumber(number));
    return data;
  }

  std::unique_ptr<SmallDisk> real_;
  std::unique_ptr<FailingDisk> played_;
  uint64_t appended_ = 0;
};

TEST_P(FullDiskTest, BelowTheWatermarkAppendsAreRefusedAndReadsAndStreamsGoOn) {
  ASSERT_NO_FATAL_FAILURE(
      ServeOnDisk({"--disk_free_bytes_min=32MiB", "--wal_bytes_max=2MiB", "--write_buffer_bytes=1MiB"}));
  SingleAppender appender(broker().address(), "p");
  for (int i = 0; i < 200; ++i) ASSERT_NO_FATAL_FAILURE(AppendNext(appender, Again));

  std::atomic<int> reconnects = 0;
  SubscribeOptions watching;
  watching.on_reconnect = [&reconnects](int, const absl::Status&) { ++reconnects; };
  Client client = NewClient();
  Subscription subscription = *client.Subscribe("bot", Start::Beginning(), watching);
  std::vector<std::string> streamed;
  const auto take_up_to = [&](size_t count) {
    while (streamed.size() < count) {
      const auto event = subscription.Next(absl::Now() + kPatience);
      ASSERT_TRUE(event.ok()) << event.status();
      streamed.emplace_back(event->data());
    }
  };
  ASSERT_NO_FATAL_FAILURE(take_up_to(200));

  FillUpTo(30 * kMiB);
  std::vector<absl::Status> refusals;
  // The broker checks the disk a few times a second; until then some events are stored.
  while (refusals.empty()) ASSERT_NO_FATAL_FAILURE(AppendNext(appender, RefusalsUpTo(1, refusals)));
  ASSERT_NO_FATAL_FAILURE(AppendNext(appender, RefusalsUpTo(20, refusals)));
  for (const absl::Status& refusal : refusals) {
    EXPECT_TRUE(HasReason(refusal, Reason::kDiskLow)) << refusal;
    EXPECT_THAT(std::string(refusal.message()), HasSubstr("bytes are free on the disk"));
  }
  const std::string http = broker().http_address();
  const HttpResponse post = HttpConnection(http).Call("POST", "/v1/instances/bot/events",
                                                      "Content-Type: application/json\r\n", R"({"type":"t","data":1})");
  EXPECT_EQ(post.headers.at("error-code"), "DISK_LOW");
  EXPECT_EQ(post.headers.at("x-retryable"), "true");
  const HttpResponse ready = HttpConnection(http).Get("/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_THAT(ready.body, HasSubstr("DISK_LOW"));

  // Reads still work, from the store and live.
  EXPECT_EQ(DataOf("bot"), Appended());
  ASSERT_NO_FATAL_FAILURE(take_up_to(appended_));
  // The publisher waits for space.
  Publisher publisher = *client.NewPublisher();
  auto waiting = publisher.Append("other", {.type = "t", .data = "x"});

  Relieve();
  ASSERT_NO_FATAL_FAILURE(AppendNext(appender, Again));
  EXPECT_TRUE(waiting.get().ok());
  ASSERT_NO_FATAL_FAILURE(take_up_to(appended_));
  EXPECT_EQ(streamed, Appended());
  EXPECT_EQ(DataOf("bot"), Appended());
  EXPECT_EQ(reconnects, 0);
  EXPECT_EQ(Figure("playhead_store_reopens_total"), 0);
  EXPECT_EQ(broker().Terminate(), 0);
}

TEST_P(FullDiskTest, WhenTheStoreItselfMeetsItAppendsAreRefusedAndGoOnWhenThereIsSpace) {
  // Small buffers, so that it is sometimes the log that meets the end and sometimes a table or MANIFEST.
  ASSERT_NO_FATAL_FAILURE(
      ServeOnDisk({"--disk_free_bytes_min=0", "--wal_bytes_max=2MiB", "--write_buffer_bytes=1MiB"}));
  SingleAppender appender(broker().address(), "p");
  Client client = NewClient();
  Subscription subscription = *client.Subscribe("bot", Start::Beginning());
  int refused = 0;
  for (uint64_t round = 0; round < 6; ++round) {
    for (int i = 0; i < 20; ++i) ASSERT_NO_FATAL_FAILURE(AppendNext(appender, Again));
    FillUpTo(round * 100'000);
    std::vector<absl::Status> refusals;
    while (refusals.empty()) ASSERT_NO_FATAL_FAILURE(AppendNext(appender, RefusalsUpTo(1, refusals)));
    EXPECT_TRUE(HasReason(refusals[0], Reason::kAppendUncertain)) << refusals[0];
    // The store tries to recover by itself, and may even store something.
    ASSERT_NO_FATAL_FAILURE(AppendNext(appender, RefusalsUpTo(5, refusals)));
    for (const absl::Status& refusal : refusals) {
      EXPECT_THAT(std::string(refusal.message()), HasSubstr("No space left on device"));
    }
    refused += static_cast<int>(refusals.size());
    Relieve();
    ASSERT_NO_FATAL_FAILURE(AppendNext(appender, Again));
  }
  EXPECT_EQ(DataOf("bot"), Appended());
  EXPECT_GT(Figure("playhead_store_reopens_total"), 0);
  for (uint64_t cursor = 1; cursor <= appended_; ++cursor) {
    const auto event = subscription.Next(absl::Now() + kPatience);
    ASSERT_TRUE(event.ok()) << event.status();
    ASSERT_EQ(event->cursor(), cursor);
    ASSERT_EQ(event->data(), DataNumber(cursor));
  }
  subscription.Close();
  EXPECT_EQ(broker().Terminate(), 0);

  // The data on disk is complete.
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk({"--disk_free_bytes_min=0"}));
  EXPECT_EQ(DataOf("bot"), Appended());
  std::cout << "appended " << appended_ << ", refused " << refused << ", lost 0" << std::endl;
}

// The real disk first: without root privileges it must be mounted while the process has only one thread.
INSTANTIATE_TEST_SUITE_P(Disks, FullDiskTest, ::testing::Values(Disk::kReal, Disk::kPlayed),
                         [](const auto& disk) { return std::string(disk.param == Disk::kReal ? "Real" : "Played"); });

}  // namespace
}  // namespace playhead::testing
