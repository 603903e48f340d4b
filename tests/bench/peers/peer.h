// The interface through which peers_bench drives another log. It has only what the rows of that benchmark need.
#ifndef PLAYHEAD_TESTS_BENCH_PEERS_PEER_H_
#define PLAYHEAD_TESTS_BENCH_PEERS_PEER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace playhead {

// Gives payload number `i`.
using Payloads = std::function<absl::string_view(uint64_t i)>;

// One connection, for one thread. What fails ends the program.
class Peer {
 public:
  virtual ~Peer() = default;

  // Makes the streams 0 to `count` - 1 where the peer wants that. They are empty then.
  virtual void MakeStreams(uint32_t count) = 0;
  // Appends `count` payloads to so many streams in turn, many on their way at once, until all are acknowledged.
  virtual void AppendMany(const Payloads& payloads, uint64_t count, uint32_t streams) = 0;
  // Appends one to stream 0 and waits until it is acknowledged.
  virtual void Append(absl::string_view payload) = 0;
  // Reads stream 0 from its beginning, `count` events, live if there are not so many yet.
  virtual void Read(uint64_t count, absl::FunctionRef<void(absl::string_view payload)> on_event) = 0;
};

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_BENCH_PEERS_PEER_H_
