// A disk that returns errors. What was acknowledged stays. Appends that met an error are reported as uncertain, and are
// stored once when they are repeated; reads that met one may be retried. The broker recovers by itself when the disk
// does.
#include "tests/faults/failing_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/grpc_endpoint.h"
#include "client/maintenance_client.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "playhead/v1/maintenance.pb.h"
#include "proto/errors.h"
#include "tests/faults/fault_fixture.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class FailingDiskTest : public FaultFixture {
 protected:
  void SetUp() override {
    const std::string path = folder() + "/disk";
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    disk_ = std::make_unique<FailingDisk>(path);
    set_data_dir(disk_->path() + "/store");
  }
  void TearDown() override { KillBroker(); }

  void ServeOnDisk(const std::vector<std::string>& flags = {}) { Serve(flags, {.environment = disk_->environment()}); }

  static std::string DataNumber(uint64_t number) { return absl::StrCat(number, " ", std::string(1000, 'x')); }
  static std::vector<std::string> DataUpTo(uint64_t last) {
    std::vector<std::string> data;
    for (uint64_t number = 1; number <= last; ++number) data.push_back(DataNumber(number));
    return data;
  }

  // Appends the event in one request, with the number as its id. Returns the answer.
  HttpResponse PostNumber(uint64_t number) {
    return HttpConnection(broker().http_address())
        .Call("POST", "/v1/instances/http/events", "Content-Type: application/json\r\n",
              absl::StrCat(R"({"type":"t","id":")", number, R"(","data":")", DataNumber(number), R"("})"));
  }
  // Whether the event is stored; then its cursor must be its number. If it is not, the answer must be retryable.
  static bool IsStored(const HttpResponse& answer, uint64_t number) {
    if (answer.status == 200) {
      EXPECT_THAT(answer.body, HasSubstr(absl::StrCat(R"({"cursors":[)", number, "]")));
      return true;
    }
    ExpectMayPass(answer);
    return false;
  }
  static void ExpectMayPass(const HttpResponse& answer) {
    EXPECT_EQ(answer.headers.at("x-retryable"), "true") << answer.body;
    EXPECT_THAT(answer.headers.at("error-code"), AnyOf("APPEND_UNCERTAIN", "STORE_UNAVAILABLE")) << answer.body;
  }
  // The same over gRPC.
  static bool IsStored(const absl::StatusOr<uint64_t>& cursor, uint64_t number) {
    if (cursor.ok()) {
      EXPECT_EQ(*cursor, number);
      return true;
    }
    EXPECT_TRUE(IsRetryable(cursor.status())) << cursor.status();
    EXPECT_TRUE(HasReason(cursor.status(), Reason::kAppendUncertain) ||
                HasReason(cursor.status(), Reason::kStoreUnavailable))
        << cursor.status();
    return false;
  }

  // Fetches with a single attempt.
  absl::StatusOr<v1::FetchMissedResponse> FetchOnce(const std::string& instance) {
    const GrpcEndpoint endpoint = *GrpcEndpoint::Create({.target = broker().address()});
    const auto stub = v1::EventLog::NewStub(endpoint.NewChannel());
    v1::FetchMissedRequest request;
    request.set_instance(instance);
    request.mutable_start()->mutable_beginning();
    return endpoint.Call<v1::FetchMissedResponse>(*stub, &v1::EventLog::Stub::FetchMissed, request,
                                                  absl::Now() + kPatience);
  }

  std::unique_ptr<FailingDisk> disk_;
};

struct LogFault {
  const char* name;
  uint32_t calls;
  int error;
  int64_t times;
};

constexpr LogFault kLogFaults[] = {
    {"one sync, EIO", kDiskSyncs, EIO, 1},
    {"one write, EIO", kDiskWrites, EIO, 1},
    {"one sync, ENOSPC", kDiskSyncs, ENOSPC, 1},
    {"one write, ENOSPC", kDiskWrites, ENOSPC, 1},
    {"every sync, EIO", kDiskSyncs, EIO, INT64_MAX},
    {"every write, EIO", kDiskWrites, EIO, INT64_MAX},
    {"every write, ENOSPC", kDiskWrites, ENOSPC, INT64_MAX},
};

TEST_F(FailingDiskTest, AppendsThatMeetAnErrorOfTheLogAreUncertainAndStoredOnceWhenRepeated) {
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk());
  SingleAppender appender(broker().address(), "p");
  uint64_t by_grpc = 0;
  uint64_t by_http = 0;
  const auto append_both = [&] {
    for (int i = 0; i < 10; ++i) {
      ++by_grpc;
      ASSERT_TRUE(IsStored(appender.Append("grpc", DataNumber(by_grpc), by_grpc), by_grpc));
      ++by_http;
      ASSERT_TRUE(IsStored(PostNumber(by_http), by_http));
    }
  };
  Client client = NewClient();
  Subscription live = *client.Subscribe("grpc", Start::Beginning());
  uint64_t lived = 0;
  int refused = 0;
  int reads = 0;
  int reads_refused = 0;
  for (const LogFault& fault : kLogFaults) {
    SCOPED_TRACE(fault.name);
    ASSERT_NO_FATAL_FAILURE(append_both());

    const uint64_t failed_before = disk_->failed();
    disk_->Fail(fault.calls, ".log", fault.error, fault.times);
    ++by_grpc;
    const auto met = appender.Append("grpc", DataNumber(by_grpc), by_grpc);
    ASSERT_TRUE(HasReason(met.status(), Reason::kAppendUncertain)) << met.status();
    EXPECT_THAT(std::string(met.status().message()), HasSubstr(absl::StrCat(".log: ", std::strerror(fault.error))));
    EXPECT_GT(disk_->failed(), failed_before);
    ++refused;
    // Repeats both appends at once, while the fault lasts.
    ++by_http;
    bool grpc_stored = false;
    bool http_stored = false;
    for (int i = 0; i < 5; ++i) {
      grpc_stored = grpc_stored || IsStored(appender.Append("grpc", DataNumber(by_grpc), by_grpc), by_grpc);
      http_stored = http_stored || IsStored(PostNumber(by_http), by_http);
      refused += (grpc_stored ? 0 : 1) + (http_stored ? 0 : 1);
      // Reads work while the store is open, and are retryable while it is not.
      const auto page = FetchOnce("grpc");
      ++reads;
      if (page.ok()) {
        EXPECT_GE(page->events_size(), 10);
      } else {
        ++reads_refused;
        EXPECT_TRUE(HasReason(page.status(), Reason::kStoreUnavailable)) << page.status();
      }
    }
    // If no write works, nothing can be stored.
    if (fault.calls == kDiskWrites && fault.times > 1) {
      EXPECT_FALSE(grpc_stored || http_stored);
    }

    disk_->Mend();
    const absl::Time patience = absl::Now() + kPatience;
    while (!grpc_stored || !http_stored) {
      ASSERT_LT(absl::Now(), patience);
      grpc_stored = grpc_stored || IsStored(appender.Append("grpc", DataNumber(by_grpc), by_grpc), by_grpc);
      http_stored = http_stored || IsStored(PostNumber(by_http), by_http);
    }
    for (; lived < by_grpc; ++lived) {
      const auto event = live.Next(absl::Now() + kPatience);
      ASSERT_TRUE(event.ok()) << event.status();
      ASSERT_EQ(event->data(), DataNumber(lived + 1));
    }
  }
  ASSERT_NO_FATAL_FAILURE(append_both());
  EXPECT_EQ(DataOf("grpc"), DataUpTo(by_grpc));
  EXPECT_EQ(DataOf("http").size(), by_http);
  EXPECT_GE(Figure("playhead_store_reopens_total"), static_cast<double>(std::size(kLogFaults)));
  live.Close();

  // What was acknowledged is on disk, once.
  broker().Kill();
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk());
  EXPECT_EQ(DataOf("grpc"), DataUpTo(by_grpc));
  EXPECT_EQ(DataOf("http").size(), by_http);
  SingleAppender again(broker().address(), "p");
  EXPECT_TRUE(IsStored(again.Append("grpc", DataNumber(by_grpc), by_grpc), by_grpc));
  EXPECT_TRUE(IsStored(PostNumber(by_http), by_http));
  EXPECT_EQ(DataOf("grpc").size(), by_grpc);
  EXPECT_EQ(broker().Terminate(), 0);
  std::cout << "faults " << std::size(kLogFaults) << ", acknowledged " << by_grpc + by_http << ", refused " << refused
            << ", reads " << reads << ", refused for a time " << reads_refused << ", lost 0, repeated 0" << std::endl;
}

TEST_F(FailingDiskTest, ReadsThatMeetAnErrorOfATableMayBeTriedAgainAndThenPass) {
  constexpr uint64_t kEvents = 300;
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk());
  {
    SingleAppender appender(broker().address(), "p");
    for (uint64_t number = 1; number <= kEvents; ++number) {
      ASSERT_TRUE(appender.Append("grpc", DataNumber(number), number).ok());
    }
    ASSERT_TRUE(IsStored(PostNumber(1), 1));
  }
  // After a clean stop everything is in tables, and a new start has none of it in memory.
  ASSERT_EQ(broker().Terminate(), 0);
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk());

  disk_->Fail(kDiskReads, ".sst", EIO);
  const auto page = FetchOnce("grpc");
  EXPECT_TRUE(HasReason(page.status(), Reason::kStoreUnavailable)) << page.status();
  EXPECT_EQ(page.status().code(), absl::StatusCode::kUnavailable);
  HttpConnection http(broker().http_address());
  const HttpResponse page_by_http = http.Get("/v1/instances/grpc/events?from=beginning");
  EXPECT_EQ(page_by_http.status, 503);
  ExpectMayPass(page_by_http);
  Client client = NewClient();
  Subscription subscription = *client.Subscribe("grpc", Start::Beginning());
  EXPECT_TRUE(absl::IsDeadlineExceeded(subscription.Next(absl::Now() + absl::Milliseconds(500)).status()));
  // The broker cannot tell now whether it is stored already.
  EXPECT_FALSE(IsStored(PostNumber(1), 1));
  EXPECT_GT(disk_->failed(), 0u);

  disk_->Mend();
  for (uint64_t number = 1; number <= kEvents; ++number) {
    const auto event = subscription.Next(absl::Now() + kPatience);
    ASSERT_TRUE(event.ok()) << event.status();
    ASSERT_EQ(event->data(), DataNumber(number));
  }
  EXPECT_EQ(DataOf("grpc"), DataUpTo(kEvents));
  EXPECT_TRUE(IsStored(PostNumber(1), 1));
  EXPECT_EQ(DataOf("http").size(), 1u);
  EXPECT_EQ(http.Get("/v1/instances/grpc/events?from=beginning").status, 200);
  EXPECT_EQ(Figure("playhead_store_reopens_total"), 0);
  subscription.Close();
  EXPECT_EQ(broker().Terminate(), 0);
}

TEST_F(FailingDiskTest, ABackupWhoseFolderCannotBeListedIsRefusedAndTheBrokerGoesOn) {
  const std::string backups = disk_->path() + "/backups";
  // An entry that a backup ignores: the error comes while the entries are being read.
  for (const char* made : {"", "/nightly", "/nightly/lost+found"}) ASSERT_EQ(mkdir((backups + made).c_str(), 0700), 0);
  ASSERT_NO_FATAL_FAILURE(ServeOnDisk({"--backup_dir=" + backups}));
  SingleAppender appender(broker().address(), "p");
  ASSERT_TRUE(IsStored(appender.Append("grpc", DataNumber(1), 1), 1));
  MaintenanceClient client = *MaintenanceClient::Create({.target = broker().address()});
  v1::BackupRequest request;
  request.set_dir("nightly");

  disk_->Fail(kDiskLists, "/nightly", EIO);
  const auto refused = client.Backup(request, [](const auto&) {});
  EXPECT_TRUE(HasReason(refused.status(), Reason::kBackupDirRefused)) << refused.status();
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr(std::strerror(EIO)));
  EXPECT_GT(disk_->failed(), 0u);

  disk_->Mend();
  ASSERT_TRUE(IsStored(appender.Append("grpc", DataNumber(2), 2), 2));
  const auto made = client.Backup(request, [](const auto&) {});
  EXPECT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(DataOf("grpc"), DataUpTo(2));
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
