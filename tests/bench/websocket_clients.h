// Many WebSocket clients in one epoll loop. They do the least that their protocol allows, so that the broker is what is
// measured.
#ifndef PLAYHEAD_TESTS_BENCH_WEBSOCKET_CLIENTS_H_
#define PLAYHEAD_TESTS_BENCH_WEBSOCKET_CLIENTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/websocket_dialects.h"
#include "tools/bench/latency_histogram.h"

namespace playhead {

// What stands in an event's data before the nanoseconds of the moment at which it was due.
inline constexpr absl::string_view kTimeMark = "due@";

// Tells why, and ends the program.
[[noreturn]] void Fail(absl::string_view what);

// Records how late `text` is, if it carries a time.
void RecordDelay(absl::string_view text, tools::LatencyHistogram& latency);

// Not thread-safe.
class WebSocketClients {
 public:
  // Opens `count` connections at `address`, HOST:PORT, one after the other, and makes each a subscriber.
  WebSocketClients(const std::string& address, const WebSocketDialect& dialect, size_t count);
  ~WebSocketClients();
  WebSocketClients(const WebSocketClients&) = delete;
  WebSocketClients& operator=(const WebSocketClients&) = delete;

  // Reads what comes, and answers what its protocol wants answered, until `stop`.
  void Run(const std::atomic<bool>& stop);

  const tools::LatencyHistogram& latency() const { return latency_; }
  uint64_t answered() const { return answered_; }

 private:
  struct Client {
    int fd;
    std::string received;  // The beginning of a frame.
  };

  void Read(Client& client);
  // Takes the whole frames off the front of `bytes`.
  void TakeFrames(std::string& bytes, std::string& answers);
  void OnFrame(int opcode, absl::string_view payload, std::string& answers);

  const WebSocketDialect& dialect_;
  const int epoll_;
  std::vector<Client> clients_;
  tools::LatencyHistogram latency_;
  uint64_t answered_ = 0;
};

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_BENCH_WEBSOCKET_CLIENTS_H_
