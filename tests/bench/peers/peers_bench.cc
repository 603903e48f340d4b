// The rows of `playhead bench` for another log on this machine. tests/bench/peers/run starts that log and the broker.
//
//   peers_bench --peer=redis|nats --port=N
#include <cstdint>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/bench/peers/nats_peer.h"
#include "tests/bench/peers/peer.h"
#include "tests/bench/peers/redis_peer.h"
#include "tools/bench/corpus.h"
#include "tools/bench/latency_histogram.h"

ABSL_FLAG(std::string, peer, "redis", "redis or nats");
ABSL_FLAG(int, port, 0, "where it listens on loopback");
ABSL_FLAG(uint64_t, events, 1'000'000, "events of a burst");
ABSL_FLAG(uint64_t, alone, 5'000, "events appended one after the other");
ABSL_FLAG(uint64_t, rate, 5'000, "events a second for the latency");
ABSL_FLAG(uint64_t, seconds, 10, "of the latency");
ABSL_FLAG(uint32_t, subscribers, 50, "live subscribers");
ABSL_FLAG(uint64_t, live_events, 100'000, "events that each of them gets");

namespace playhead {
namespace {

// Connections of the open loop: one that waits for its acknowledgement does not hold up the next append.
constexpr uint64_t kWriters = 16;

std::unique_ptr<Peer> Connect() {
  const int port = absl::GetFlag(FLAGS_port);
  return absl::GetFlag(FLAGS_peer) == "nats" ? ConnectNats(port) : ConnectRedis(port);
}

void PrintRate(absl::string_view what, uint64_t count, absl::Duration time) {
  std::cout << absl::StreamFormat("%-40s %12.0f /s", what, static_cast<double>(count) / absl::ToDoubleSeconds(time))
            << std::endl;
}

absl::Duration Timed(const std::function<void()>& run) {
  const absl::Time start = absl::Now();
  run();
  return absl::Now() - start;
}

void EndToEnd(Peer& peer, const tools::Corpus& corpus) {
  const uint64_t rate = absl::GetFlag(FLAGS_rate);
  const uint64_t count = rate * absl::GetFlag(FLAGS_seconds);
  peer.MakeStreams(1);
  peer.Append(std::string(sizeof(int64_t), '\0'));
  tools::LatencyHistogram latency;
  absl::BlockingCounter reading(1);
  std::thread reader([&] {
    const auto connection = Connect();
    bool first = true;
    connection->Read(count + 1, [&](absl::string_view payload) {
      if (std::exchange(first, false)) {
        reading.DecrementCount();
        return;
      }
      int64_t due = 0;
      std::memcpy(&due, payload.data(), sizeof(due));
      latency.Record(absl::Now() - absl::FromUnixNanos(due));
    });
  });
  reading.Wait();
  const absl::Time start = absl::Now();
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const auto connection = Connect();
      for (uint64_t i = writer; i < count; i += kWriters) {
        const absl::Time due = start + absl::Seconds(1) * i / rate;
        absl::SleepFor(due - absl::Now());
        const int64_t nanos = absl::ToUnixNanos(due);
        std::string payload(reinterpret_cast<const char*>(&nanos), sizeof(nanos));
        absl::StrAppend(&payload, corpus.payload(i));
        connection->Append(payload);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  reader.join();
  std::cout << absl::StreamFormat("end to end at %u/s, p50 / p99 %14.0f / %.0f us", rate,
                                  absl::ToDoubleMicroseconds(latency.Percentile(50)),
                                  absl::ToDoubleMicroseconds(latency.Percentile(99)))
            << std::endl;
}

void Live(Peer& peer, const Payloads& payloads) {
  const uint32_t subscribers = absl::GetFlag(FLAGS_subscribers);
  const uint64_t count = absl::GetFlag(FLAGS_live_events);
  peer.MakeStreams(1);
  peer.Append("first");
  absl::BlockingCounter reading(static_cast<int>(subscribers));
  std::vector<std::thread> readers;
  for (uint32_t i = 0; i < subscribers; ++i) {
    readers.emplace_back([&] {
      const auto connection = Connect();
      bool first = true;
      connection->Read(count + 1, [&](absl::string_view) {
        if (std::exchange(first, false)) reading.DecrementCount();
      });
    });
  }
  reading.Wait();
  const absl::Duration time = Timed([&] {
    peer.AppendMany(payloads, count, 1);
    for (std::thread& reader : readers) reader.join();
  });
  PrintRate("deliveries to live subscribers", count * subscribers, time);
}

void Run() {
  const auto corpus = tools::Corpus::Load("");
  const Payloads payloads = [&corpus](uint64_t i) { return corpus->payload(i); };
  const uint64_t events = absl::GetFlag(FLAGS_events);
  const auto peer = Connect();
  peer->MakeStreams(1);
  PrintRate("append, one stream", events, Timed([&] { peer->AppendMany(payloads, events, 1); }));
  PrintRate("replay, one subscriber", events, Timed([&] { peer->Read(events, [](absl::string_view) {}); }));
  peer->MakeStreams(1000);
  PrintRate("append, 1,000 streams", events, Timed([&] { peer->AppendMany(payloads, events, 1000); }));
  peer->MakeStreams(1);
  const uint64_t alone = absl::GetFlag(FLAGS_alone);
  PrintRate("one append in flight", alone, Timed([&] {
              for (uint64_t i = 0; i < alone; ++i) peer->Append(payloads(i));
            }));
  EndToEnd(*peer, *corpus);
  Live(*peer, payloads);
}

}  // namespace
}  // namespace playhead

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  playhead::Run();
}
