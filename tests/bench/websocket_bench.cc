// Many WebSocket clients of one broker: what each costs while idle, how late events reach them, and how they affect
// subscribers over gRPC. docs/benchmarks.md has its figures. Run it on a quiet machine, with a broker of your own that
// runs open:
//
//   playhead serve --data_dir=DIR --grpc_listen=127.0.0.1:50051 --http_listen=127.0.0.1:8080 &
//   websocket_bench --dialect=vzaps --broker_pid=$!
//
// It opens the connections and subscribes each. Then it appends events to one instance, open loop. Each event carries
// the time at which it was due: the delivery latency is how much later it comes out of each connection.
//
// A real client library would dominate the measurement, so all clients share one epoll loop (websocket_clients.h). They
// do what their protocol demands: they answer pings, and acknowledge where their SDKs do.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/bench/websocket_clients.h"
#include "tests/bench/websocket_dialects.h"
#include "tools/bench/latency_histogram.h"

ABSL_FLAG(std::string, dialect, "multiwa", "what the clients speak");
ABSL_FLAG(std::string, http, "127.0.0.1:8080", "where the broker serves HTTP");
ABSL_FLAG(std::string, grpc, "127.0.0.1:50051", "where it serves gRPC");
ABSL_FLAG(int, broker_pid, 0, "its process, whose memory and CPU time are told; 0: not");
ABSL_FLAG(int, connections, 500, "WebSocket clients");
ABSL_FLAG(int, grpc_subscribers, 0, "subscribers over gRPC besides, each a thread");
ABSL_FLAG(int, seconds, 30, "for how long events are appended; 0: the clients are only opened");
ABSL_FLAG(int, rate, 200, "events a second");

namespace playhead {
namespace {

using tools::LatencyHistogram;

// Of an event's data, about the median of the webhooks' corpus.
constexpr size_t kDataBytes = 586;
// Until what the clients asked for is under way, and until what was appended has come.
constexpr absl::Duration kSettleTime = absl::Seconds(1);

struct Usage {
  uint64_t resident_kib = 0;
  absl::Duration cpu;
};

// All 0 of process 0.
Usage UsageOf(int pid) {
  Usage usage;
  if (pid == 0) return usage;
  std::ifstream status(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(status, line);) {
    if (std::sscanf(line.c_str(), "VmRSS: %lu", &usage.resident_kib) == 1) break;
  }
  std::ifstream stat(absl::StrCat("/proc/", pid, "/stat"));
  std::istringstream fields(std::string(std::istreambuf_iterator<char>(stat), {}));
  std::string field;
  uint64_t user = 0;
  uint64_t system = 0;
  for (int i = 0; i < 13; ++i) fields >> field;
  fields >> user >> system;
  usage.cpu = absl::Seconds(user + system) / sysconf(_SC_CLK_TCK);
  return usage;
}

// Subscribers over gRPC, until destroyed.
class GrpcSubscribers {
 public:
  GrpcSubscribers(Client& client, int count) : latencies_(static_cast<size_t>(count)) {
    for (LatencyHistogram& latency : latencies_) {
      auto subscription = client.Subscribe(kBenchInstance, Start::Now());
      if (!subscription.ok() || !subscription->WaitForOpen().ok()) Fail("a subscriber over gRPC is refused");
      subscriptions_.push_back(std::make_unique<Subscription>(*std::move(subscription)));
      threads_.emplace_back([&latency, &events = *subscriptions_.back()] {
        for (const Event& event : events) RecordDelay(event.data(), latency);
      });
    }
  }

  // Ends them; what all of them saw.
  LatencyHistogram Finish() {
    for (const auto& subscription : subscriptions_) subscription->Close();
    for (std::thread& thread : threads_) thread.join();
    LatencyHistogram all;
    for (const LatencyHistogram& latency : latencies_) all.Merge(latency);
    return all;
  }

 private:
  std::vector<LatencyHistogram> latencies_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::vector<std::thread> threads_;
};

void Publish(Client& client, const WebSocketDialect& dialect, int rate, absl::Duration duration) {
  auto publisher = client.NewPublisher();
  if (!publisher.ok()) Fail(publisher.status().ToString());
  NewEvent event;
  event.attributes.emplace_back("dialect", dialect.attribute);
  event.type = dialect.type;
  const absl::Time start = absl::Now();
  const absl::Duration interval = absl::Seconds(1) / rate;
  for (absl::Time due = start; due < start + duration; due += interval) {
    absl::SleepFor(due - absl::Now());
    std::string data =
        absl::StrCat(R"({")", dialect.field, R"(":")", kTimeMark, absl::ToUnixNanos(due), R"(","pad":")");
    data.append(kDataBytes - std::min(kDataBytes, data.size() + 2), 'x');
    data.append("\"}");
    event.data = data;
    if (absl::Status status = publisher->Append(kBenchInstance, event, nullptr); !status.ok()) Fail(status.ToString());
  }
  if (!publisher->Flush().ok()) Fail("an append failed");
}

void Print(absl::string_view who, const LatencyHistogram& latency, uint64_t expected) {
  std::printf("%.*s: %lu of %lu deliveries, latency p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
              static_cast<int>(who.size()), who.data(), latency.count(), expected,
              absl::ToDoubleMilliseconds(latency.Percentile(50)), absl::ToDoubleMilliseconds(latency.Percentile(99)),
              absl::ToDoubleMilliseconds(latency.max()));
}

int Run() {
  const WebSocketDialect* const dialect = FindWebSocketDialect(absl::GetFlag(FLAGS_dialect));
  if (dialect == nullptr) Fail(absl::StrCat("--dialect is one of ", WebSocketDialectNames()));
  const auto connections = static_cast<size_t>(absl::GetFlag(FLAGS_connections));
  const int pid = absl::GetFlag(FLAGS_broker_pid);
  const int rate = absl::GetFlag(FLAGS_rate);
  const int seconds = absl::GetFlag(FLAGS_seconds);
  if (connections == 0 || rate < 1) Fail("--connections and --rate must be positive");
  const rlimit files = {connections + 100, connections + 100};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) Fail("it may not open so many files");

  const Usage before = UsageOf(pid);
  WebSocketClients clients(absl::GetFlag(FLAGS_http), *dialect, connections);
  const Usage opened = UsageOf(pid);
  std::printf("%zu connections of %s: %.1f KiB each, the broker has %lu MiB\n", connections, dialect->name.data(),
              static_cast<double>(opened.resident_kib - before.resident_kib) / static_cast<double>(connections),
              opened.resident_kib / 1024);
  if (seconds == 0) return 0;

  auto client = Client::Create({.target = absl::GetFlag(FLAGS_grpc)});
  if (!client.ok()) Fail(client.status().ToString());
  const int grpc_count = absl::GetFlag(FLAGS_grpc_subscribers);
  GrpcSubscribers grpc_subscribers(*client, grpc_count);
  std::atomic<bool> stop{false};
  std::thread reader([&] { clients.Run(stop); });
  absl::SleepFor(kSettleTime);
  const Usage settled = UsageOf(pid);
  Publish(*client, *dialect, rate, absl::Seconds(seconds));
  const Usage published = UsageOf(pid);
  absl::SleepFor(kSettleTime);
  stop = true;
  reader.join();
  const uint64_t events = static_cast<uint64_t>(seconds) * static_cast<uint64_t>(rate);
  Print("WebSocket", clients.latency(), connections * events);
  const LatencyHistogram grpc_latency = grpc_subscribers.Finish();
  if (grpc_count > 0) Print("gRPC", grpc_latency, static_cast<uint64_t>(grpc_count) * events);
  std::printf("the clients answered %lu times; the broker used %.1f s of CPU in %d s\n", clients.answered(),
              absl::ToDoubleSeconds(published.cpu - settled.cpu), seconds);
  return 0;
}

}  // namespace
}  // namespace playhead

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return playhead::Run();
}
