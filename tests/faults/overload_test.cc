// Overload: for a while, far more of everything than the broker can take, over every protocol at once. What is accepted
// is served in time and in order. What is refused is told to retry, and is stored once when it does. Memory stays
// within its budgets. As soon as the load ends, everybody is served and all resources are given back.
//
// The disk is slow here and decides what the broker can take, so the load is the same multiple of that on any machine.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/webhooks_client.h"
#include "tests/faults/load/call_flood.h"
#include "tests/faults/load/crowd.h"
#include "tests/faults/load/knockers.h"
#include "tests/faults/load/numbered_log.h"
#include "tests/faults/load/probe.h"
#include "tests/faults/load/slow_disk.h"
#include "tests/faults/load/stalled_readers.h"
#include "tests/faults/load/tally.h"
#include "tests/faults/overload_fixture.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

constexpr absl::Duration kSync = absl::Milliseconds(500);
constexpr absl::Duration kMeasuring = absl::Seconds(2);
// How long the load lasts; and with PLAYHEAD_SOAK.
constexpr absl::Duration kLoad = absl::Seconds(12);
constexpr absl::Duration kSoakLoad = absl::Minutes(10);
// The flood alone offers this multiple of what the broker can store.
constexpr double kMultiple = 10;
constexpr absl::Duration kKnockInterval = absl::Milliseconds(300);

constexpr size_t kStalledOfEachKind = 30;
constexpr size_t kFloodTextBytes = 62 << 10;

constexpr size_t kAppendBudgetBytes = 6 * kMiB;
constexpr size_t kAppendQueueBytes = 8 * kMiB;
// As many calls as the append budget admits at once.
constexpr size_t kFloodAtOnce = kAppendBudgetBytes / kFloodTextBytes - 2;
// The remaining streams are left to the knockers.
constexpr size_t kStreamsMax =
    Crowd::kStreams + (StalledReaders::kGrpcKinds + StalledReaders::kHttpKinds) * kStalledOfEachKind + 10;
constexpr size_t kHttpConnectionsMax = Crowd::kHttpConnections + StalledReaders::kHttpKinds * kStalledOfEachKind + 20;

// How long an accepted append may take, from when it is offered. At most the queue and the budget, which are four
// commits of about 4 MiB, and the commit being synced are ahead of it: that is 2.5 s of this disk. The rest is a margin
// for busy machines. If the broker accepted everything, the flood alone would have 3,000 calls in flight, 180 MiB,
// which take the disk 23 s.
constexpr absl::Duration kAppendMax = absl::Seconds(15);

constexpr char kWebhookSecret[] = "the-app-secret";
constexpr char kFloodLog[] = "flood";
constexpr char kEmptyLog[] = "lobby";

// The rows of docs/operating.md, "Memory", in order: what the flags below allow, and 64 KiB for each stream and each
// connection.
constexpr size_t kStoreBytes = 8 * kMiB + 8 * kMiB + 2 * 8 * kMiB;
constexpr size_t kAppendBytes = kAppendBudgetBytes + kAppendQueueBytes;
constexpr size_t kDeliveryBytes = 16 * kMiB + 16 * kMiB / 2;
constexpr size_t kPhotonReplyBytes = 64 * kMiB;
constexpr size_t kAppendReplyBytes = 16 * kMiB;
constexpr size_t kGrpcBytes = 128 * kMiB;
constexpr size_t kHttpBodyBytes = 8 * kMiB;
constexpr size_t kMemoryBytes = kStoreBytes + kAppendBytes + kDeliveryBytes + kPhotonReplyBytes + kAppendReplyBytes +
                                kGrpcBytes + kHttpBodyBytes + (kStreamsMax + kHttpConnectionsMax) * (64 << 10);
// How much more memory may be allocated at the end than at the beginning.
constexpr double kLeftBytesMax = kStoreBytes;

std::vector<std::string> Flags() {
  return {"--tail_bytes_max=8MiB",
          "--block_cache_bytes=8MiB",
          "--write_buffer_bytes=8MiB",
          "--delivery_budget_bytes=16MiB",
          "--grpc_buffer_bytes_max=128MiB",
          absl::StrCat("--append_queue_bytes_max=", kAppendQueueBytes / kMiB, "MiB"),
          absl::StrCat("--append_budget_bytes=", kAppendBudgetBytes / kMiB, "MiB"),
          "--http_body_budget_bytes=8MiB",
          "--http_write_timeout=10m",
          "--photon_first_subscribe=live",
          absl::StrCat("--streams_max=", kStreamsMax),
          absl::StrCat("--http_connections_max=", kHttpConnectionsMax)};
}

void SetWebhookSecret(const std::string& grpc_address) {
  v1::SetWebhookSecretRequest request;
  request.set_instance("*");
  request.set_secret(kWebhookSecret);
  const auto set = WebhooksClient::Create({.target = grpc_address})->SetSecret(request);
  ASSERT_TRUE(set.ok()) << set.status();
}

double PerSecond(uint64_t count, absl::Duration time) {
  return static_cast<double>(count) / absl::ToDoubleSeconds(time);
}

TEST_F(OverloadTest, WhoWasLetInIsServedAndEverythingIsGivenBack) {
  SlowDisk disk(folder() + "/sync_delay");
  ASSERT_NO_FATAL_FAILURE(Serve(Flags(), {.environment = disk.environment()}));
  ASSERT_NO_FATAL_FAILURE(SetWebhookSecret(broker().address()));
  const size_t idle_kib = PeakKib();
  const size_t idle_descriptors = Descriptors();
  const double idle_bytes = Figure("playhead_allocated_bytes");
  {
    Crowd crowd({broker().address(), broker().http_address(), kWebhookSecret}, NewClient());
    Probe probe(broker().address());
    const StalledReaders stalled(broker().address(), broker().http_address(), Crowd::kBusyLog, kStalledOfEachKind);
    const std::vector<Knocker> knockers = KnockersOfEveryKind(broker().address(), broker().http_address(), kEmptyLog);
    CallFlood flood(broker().address(), kFloodLog, kFloodTextBytes);
    const StreamFiller filler(broker().address(), kEmptyLog);

    disk.SetSync(kSync);
    Tally alone("one way of writing alone");
    const double capacity = flood.Measure(kFloodAtOnce, kMeasuring, alone);

    Tally flooding("Append, not awaited");
    std::atomic<bool> over = false;
    std::vector<std::thread> threads;
    const absl::Time began = absl::Now();
    threads.emplace_back([&] { flood.Run(kMultiple * capacity / kFloodTextBytes, over, flooding); });
    for (const Knocker& knocker : knockers) {
      threads.emplace_back([&knocker, &over] {
        for (; !over && !HasFailure(); absl::SleepFor(kKnockInterval)) knocker.knock();
      });
    }
    crowd.Begin();
    const absl::Duration lasting = Soak() ? kSoakLoad : kLoad;
    while (absl::Now() < began + lasting && !HasFailure()) probe.Append();
    const absl::Duration lasted = absl::Now() - began;
    over = true;
    for (std::thread& thread : threads) thread.join();
    crowd.StopWriting();
    if (HasFailure()) KillBroker();  // So that no client waits for an answer that does not come.
    ASSERT_FALSE(HasFailure());
    const absl::Time ended = absl::Now();
    probe.Finish();
    crowd.Finish();

    // On a machine on which one way of writing alone takes seconds, more take more.
    const absl::Duration append_max = std::max(kAppendMax, 10 * alone.latencies().max());
    std::cout << "capacity " << absl::StrFormat("%.1f", capacity / kMiB) << " MiB/s: " << alone.Summary() << "\n";
    const Tally& streams = crowd.writing().front();  // Subject to flow control, not to refusals.
    std::vector<const Tally*> writing = {&flooding};
    for (const Tally& tally : crowd.writing()) writing.push_back(&tally);
    double offered = 0;
    double taken = 0;
    for (const Tally* tally : writing) {
      const double times = PerSecond(tally->offered_bytes(), lasted) / capacity;
      std::cout << tally->Summary() << absl::StrFormat("; offered %.1f times the capacity\n", times);
      offered += times;
      taken += PerSecond(tally->taken_bytes(), lasted) / capacity;
      EXPECT_LT(tally->latencies().max(), append_max) << tally->what();
      EXPECT_TRUE(tally->refused() > 0 || tally == &streams) << tally->what() << ": it was no overload";
    }
    std::cout << probe.appended().Summary() << "\n" << probe.delivered().Summary() << "\n";
    EXPECT_LT(probe.delivered().latencies().max(), append_max);
    for (const Tally& tally : crowd.reading()) std::cout << tally.Summary() << "\n";
    for (const Knocker& knocker : knockers) {
      std::cout << knocker.tally->Summary() << "\n";
      EXPECT_GT(knocker.tally->refused(), 0u) << knocker.tally->what() << ": it was no overload";
    }
    const size_t peak_kib = PeakKib();
    std::cout << lasted << " of load: offered " << offered << " times the capacity, taken " << taken
              << "; all had read all " << absl::Now() - ended << " later; idle " << idle_kib / 1024 << " MiB, peak "
              << peak_kib / 1024 << " MiB, budgets " << kMemoryBytes / kMiB << " MiB" << std::endl;
    EXPECT_LT(peak_kib, idle_kib + kMemoryBytes / 1024);
    for (const NumberedLog& log : crowd.logs()) {
      std::vector<uint64_t> numbers(log.last());
      std::iota(numbers.begin(), numbers.end(), 1);
      EXPECT_TRUE(NumbersOf(log.instance()) == numbers) << log.instance() << " has not each once";
    }
    EXPECT_TRUE(NumbersOf(kFloodLog) == flood.stored()) << "not what was acknowledged";
  }
  const absl::Time patience = absl::Now() + kPatience;
  while (Figure("playhead_subscribers") != 0) ASSERT_LT(absl::Now(), patience) << "streams are left";
  // The request for the metric is itself a connection.
  while (Figure("playhead_http_connections") > 1) ASSERT_LT(absl::Now(), patience) << "HTTP connections are left";
  // Of gRPC's pollers and of the store, some may have come for good.
  while (Descriptors() > idle_descriptors + 20) ASSERT_LT(absl::Now(), patience) << "connections are left";
  while (Figure("playhead_allocated_bytes") > idle_bytes + kLeftBytesMax) {
    ASSERT_LT(absl::Now(), patience) << "memory is left: " << Figure("playhead_allocated_bytes") / kMiB << " MiB";
  }
  EXPECT_EQ(Figure("playhead_store_reopens_total"), 0);
  disk.SetSync(absl::ZeroDuration());
  EXPECT_EQ(broker().Terminate(), 0);
}

}  // namespace
}  // namespace playhead::testing
