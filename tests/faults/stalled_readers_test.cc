// Hundreds of clients of every protocol that ask for events and then read nothing. They delay nobody, cost no more
// memory than the settings allow, and that memory is given back.
#include "tests/faults/load/stalled_readers.h"

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <memory>

#include "absl/time/clock.h"
#include "client/client.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/fault_fixture.h"
#include "tests/load/numbered_messages.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kOfEachKind = 100;
constexpr size_t kBodyBytes = 60'000;
// And with PLAYHEAD_SOAK, in which some readers may be gone before the end, since the clients have deadlines.
constexpr int kEvents = 200;
constexpr int kSoakEvents = 10'000;
// docs/operating.md, "Memory": what the flags below allow, and what each reader may have besides.
constexpr double kBudgetsBytes = (8 + 8 + 2 * 8 + 16 + 64 + 8 + 6) * kMiB;
constexpr size_t kBytesOfEach = 64 << 10;
// What the store may have by then and did not have before: the tail, the block cache, and two buffers for writes.
constexpr double kLeftBytesMax = (8 + 8 + 2 * 8) * kMiB;

class StalledReadersTest : public FaultFixture {
 protected:
  void Append(v1::EventLog::Stub& stub) {
    v1::AppendRequest request;
    request.set_instance("phone");
    v1::Event& event = *request.add_events();
    event.set_type(kMessageType);
    event.set_data(MessageData("phone", static_cast<uint64_t>(++appended_), kBodyBytes));
    (*event.mutable_attributes())["dialect"] = kMessageDialect;
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = stub.Append(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  int appended_ = 0;
};

TEST_F(StalledReadersTest, TheyHoldUpNobodyAndCostNoMoreMemoryThanIsSet) {
  constexpr size_t kReaders = (StalledReaders::kGrpcKinds + StalledReaders::kHttpKinds) * kOfEachKind;
  const int events = Soak() ? kSoakEvents : kEvents;
  ASSERT_NO_FATAL_FAILURE(
      Serve({"--tail_bytes_max=8MiB", "--block_cache_bytes=8MiB", "--write_buffer_bytes=8MiB",
             "--delivery_budget_bytes=16MiB", "--grpc_buffer_bytes_max=64MiB", "--append_queue_bytes_max=8MiB",
             "--append_budget_bytes=6MiB", "--photon_first_subscribe=live", "--http_write_timeout=10m",
             absl::StrCat("--streams_max=", 2 * kReaders), absl::StrCat("--http_connections_max=", 2 * kReaders)}));
  const auto stub = v1::EventLog::NewStub(GrpcEndpoint::Create({.target = broker().address()})->NewChannel());
  ASSERT_NO_FATAL_FAILURE(Append(*stub));
  const double idle_bytes = Figure("playhead_allocated_bytes");
  auto stalled = std::make_unique<StalledReaders>(broker().address(), broker().http_address(), "phone", kOfEachKind);
  // All are let in, before any is given up for what it does not read.
  absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") < kReaders) {
    ASSERT_LT(absl::Now(), patience) << "only " << Figure("playhead_subscribers") << " are readers";
  }
  EXPECT_GE(Figure("playhead_http_connections"), StalledReaders::kHttpKinds * kOfEachKind);
  EXPECT_EQ(Figure("playhead_dialect_bounces_total{dialect=\"photon\"}"), 0);
  // One that reads gets all, while each event is on its way.
  Client client = NewClient();
  Subscription reader = *client.Subscribe("phone", Start::Beginning());
  const auto read = [&reader](uint64_t cursor) {
    const auto event = reader.Next(absl::Now() + kPatience);
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->cursor(), cursor);
  };
  ASSERT_NO_FATAL_FAILURE(read(1));
  absl::Duration slowest;
  double most_bytes = 0;
  while (appended_ < events) {
    const absl::Time asked = absl::Now();
    ASSERT_NO_FATAL_FAILURE(Append(*stub));
    ASSERT_NO_FATAL_FAILURE(read(static_cast<uint64_t>(appended_)));
    slowest = std::max(slowest, absl::Now() - asked);
    if (appended_ % 10 == 0) most_bytes = std::max(most_bytes, Figure("playhead_allocated_bytes"));
  }
  std::cout << kReaders << " readers, " << appended_ << " events, the slowest in " << slowest << "; allocated "
            << idle_bytes / kMiB << " MiB, then " << most_bytes / kMiB << " MiB; subscribers "
            << Figure("playhead_subscribers") << ", connections " << Figure("playhead_http_connections")
            << ", delivered " << Figure("playhead_deliveries_total") << std::endl;
  EXPECT_LT(Figure("playhead_deliveries_total"), kReaders * static_cast<size_t>(events) / 2) << "they read";
  EXPECT_LT(most_bytes, idle_bytes + kBudgetsBytes + kReaders * kBytesOfEach);
  stalled.reset();
  patience = absl::Now() + kPatience;
  while (Figure("playhead_allocated_bytes") > idle_bytes + kLeftBytesMax) {
    ASSERT_LT(absl::Now(), patience) << "memory is left: " << Figure("playhead_allocated_bytes") / kMiB << " MiB";
  }
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
