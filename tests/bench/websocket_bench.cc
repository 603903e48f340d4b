// Many WebSocket clients of one broker: what each costs while idle, and how late events reach all of them. docs/
// benchmarks.md has its figures; run it on a quiet machine, beside a broker that runs open.
//
//   websocket_bench HTTP_HOST:PORT GRPC_HOST:PORT BROKER_PID PATH CONNECTIONS [SECONDS RATE INSTANCE ATTRIBUTE TYPE
//                   DATA_FIELD [GREETING...]]
//
// Opens CONNECTIONS at PATH and sends each GREETING on each of them. Then, for SECONDS, appends RATE events a second,
// open loop, to INSTANCE with the attribute `dialect` = ATTRIBUTE and TYPE: their data is {"DATA_FIELD":"bench<ns>"},
// and how late that text comes out of each connection is the delivery latency. Without SECONDS it only opens them.
//
// The clients are one epoll loop that looks at bytes, not frames: a real client library would be what is measured. They
// answer no pings, so a dialect that waits for pongs before it goes on is not measured by this.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/support/raw_websocket.h"
#include "tools/bench/latency_histogram.h"

namespace playhead {
namespace {

using tools::LatencyHistogram;

constexpr absl::string_view kMark = "bench";
// As much as may be left of a mark and its number at the end of a read.
constexpr size_t kMarkBytesMax = 32;

[[noreturn]] void Fail(absl::string_view what) {
  std::fprintf(stderr, "websocket_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

// Of a process: its resident memory.
uint64_t ResidentKib(const std::string& pid) {
  std::ifstream status("/proc/" + pid + "/status");
  for (std::string line; std::getline(status, line);) {
    uint64_t kib = 0;
    if (std::sscanf(line.c_str(), "VmRSS: %lu", &kib) == 1) return kib;
  }
  return 0;
}

class Clients {
 public:
  Clients(const std::string& address, const std::string& path, size_t count, const std::vector<std::string>& greetings)
      : epoll_(epoll_create1(0)) {
    for (size_t i = 0; i < count; ++i) {
      testing::RawWebSocket socket(address);
      if (socket.Connect(path).status != 101) Fail("the broker accepts no WebSocket there");
      for (const std::string& greeting : greetings) socket.SendText(greeting);
      // What else the client holds open goes with it.
      const int fd = dup(socket.connection().socket().native_handle());
      epoll_event event = {.events = EPOLLIN, .data = {.u64 = clients_.size()}};
      if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
      clients_.push_back({fd, ""});
    }
  }
  ~Clients() {
    for (const Client& client : clients_) close(client.fd);
    close(epoll_);
  }

  // Reads what comes until `stop`.
  void Run(const std::atomic<bool>& stop) {
    std::array<epoll_event, 256> events{};
    while (!stop) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), /*timeout=*/50);
      for (int i = 0; i < ready; ++i) Read(clients_[events[static_cast<size_t>(i)].data.u64]);
    }
  }

  const LatencyHistogram& latency() const { return latency_; }

 private:
  struct Client {
    int fd;
    std::string rest;  // Of the read before.
  };

  void Read(Client& client) {
    std::array<char, 65'536> bytes;
    const ssize_t size = recv(client.fd, bytes.data(), bytes.size(), 0);
    if (size <= 0) Fail("the broker closed a connection");
    const int64_t now = absl::ToUnixNanos(absl::Now());
    std::string text = std::move(client.rest);
    text.append(bytes.data(), static_cast<size_t>(size));
    const absl::string_view view = text;
    size_t at = 0;
    for (size_t mark = view.find(kMark); mark != view.npos; mark = view.find(kMark, at)) {
      const size_t first = mark + kMark.size();
      const size_t end = view.find_first_not_of("0123456789", first);
      at = end == view.npos ? mark : end;
      if (end == view.npos) break;  // The rest of the number is yet to come.
      int64_t sent = 0;
      if (absl::SimpleAtoi(view.substr(first, end - first), &sent) && sent > 0) {
        latency_.Record(absl::Nanoseconds(now - sent));
      }
    }
    client.rest = text.substr(std::max(at, text.size() - std::min(text.size(), kMarkBytesMax)));
  }

  const int epoll_;
  std::vector<Client> clients_;
  LatencyHistogram latency_;
};

void Publish(Publisher& publisher, const std::string& instance, const NewEvent& like, const std::string& field,
             int rate, absl::Duration duration) {
  const absl::Time start = absl::Now();
  const absl::Duration interval = absl::Seconds(1) / rate;
  for (absl::Time due = start; due < start + duration; due += interval) {
    absl::SleepFor(due - absl::Now());
    const std::string data = absl::StrCat(R"({")", field, R"(":")", kMark, absl::ToUnixNanos(absl::Now()), R"("})");
    NewEvent event = like;
    event.data = data;
    if (!publisher.Append(instance, event, nullptr).ok()) Fail("an append was refused");
  }
  if (!publisher.Flush().ok()) Fail("an append failed");
}

int Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 6) Fail("see the head of its source for its arguments");
  const std::string& pid = arguments[3];
  size_t connections = 0;
  if (!absl::SimpleAtoi(arguments[5], &connections)) Fail("CONNECTIONS is a number");
  const rlimit files = {connections + 100, connections + 100};
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) Fail("it may not open so many files");
  const std::vector<std::string> greetings(
      arguments.begin() + std::min<ptrdiff_t>(12, arguments.end() - arguments.begin()), arguments.end());
  const uint64_t before = ResidentKib(pid);
  Clients clients(arguments[1], arguments[4], connections, greetings);
  const uint64_t after = ResidentKib(pid);
  std::printf("%zu connections: %.1f KiB each, the broker has %lu MiB\n", connections,
              static_cast<double>(after - before) / static_cast<double>(connections), after / 1024);
  if (arguments.size() < 12) return 0;
  int seconds = 0;
  int rate = 0;
  if (!absl::SimpleAtoi(arguments[6], &seconds) || !absl::SimpleAtoi(arguments[7], &rate) || rate < 1) {
    Fail("SECONDS and RATE are numbers");
  }
  auto client = Client::Create({.target = arguments[2]});
  auto publisher = client->NewPublisher();
  if (!publisher.ok()) Fail(publisher.status().ToString());
  NewEvent like;
  like.attributes.emplace_back("dialect", arguments[9]);
  like.type = arguments[10];
  std::atomic<bool> stop{false};
  std::thread reader([&] { clients.Run(stop); });
  Publish(*publisher, arguments[8], like, arguments[11], rate, absl::Seconds(seconds));
  absl::SleepFor(absl::Seconds(1));  // What is on its way.
  stop = true;
  reader.join();
  const LatencyHistogram& latency = clients.latency();
  std::printf("%lu of %lu deliveries, latency p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", latency.count(),
              connections * static_cast<uint64_t>(seconds) * static_cast<uint64_t>(rate),
              absl::ToDoubleMilliseconds(latency.Percentile(50)), absl::ToDoubleMilliseconds(latency.Percentile(99)),
              absl::ToDoubleMilliseconds(latency.Percentile(100)));
  return 0;
}

}  // namespace
}  // namespace playhead

int main(int argc, char** argv) { return playhead::Run({argv, argv + argc}); }
