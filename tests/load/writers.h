// Writers of every kind. Each appends events that are numbered 1, 2, 3, ... to an instance of which it is the only
// writer, so that an event's number is its cursor. It repeats a failed append under the same identity until it is
// acknowledged.
#ifndef PLAYHEAD_TESTS_LOAD_WRITERS_H_
#define PLAYHEAD_TESTS_LOAD_WRITERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/load/place.h"

namespace playhead::testing {

// A final error, or a cursor that is not the number, fails the test.
class Writer {
 public:
  virtual ~Writer() = default;

  virtual const std::string& instance() const = 0;
  // Appends the event with this number; may return before it is acknowledged. To be called from one thread.
  virtual void Write(uint64_t number) = 0;
  // Waits until everything is acknowledged.
  virtual void Finish() {}
};

// Called once for each event when it is acknowledged, on any thread.
using Acknowledged = std::function<void()>;

// One writer of each kind: calls of Append with a producer identity; a publisher with several events in flight; the
// HTTP API with event ids; and signed webhooks, as Meta posts them.
std::vector<std::unique_ptr<Writer>> NewWriters(const Place& place, const Acknowledged& acknowledged);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_WRITERS_H_
