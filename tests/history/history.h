// What the clients of one instance did, with times, and whether one log could have answered them all.
//
// The rule is linearizability: each append and each read took effect at one moment between its call and its answer, in
// an order in which one log, alone, would have given the same answers. Since the final log tells the order of the
// appends, that is decided exactly and in linear time: each append gets the earliest moment that its own call, its
// predecessor's moment and the reads that did not see it allow; there is an order if no append's moment is later than
// its answer, or than the answer of a read, or a delivery, that saw it, and no read's later than its own.
//
// It sees: events that are lost, appear twice, come out of order or from nowhere; reads that go back behind what
// anybody was told; batches that are seen in part; conditional appends that were let in or refused wrongly; deliveries
// that skip. It does not see: what no client looked at; a refusal of a conditional append while another one was under
// way, which it always allows.
#ifndef PLAYHEAD_TESTS_HISTORY_HISTORY_H_
#define PLAYHEAD_TESTS_HISTORY_HISTORY_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace playhead::testing {

// Of a clock that all clients share and that never goes back.
using Moment = int64_t;
inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

struct Call {
  Moment called = 0;
  Moment answered = kNever;  // kNever: what became of it is not known.
};

struct AppendCall {
  Call call;
  std::vector<std::string> tags;  // Each names one event, of all clients.
  std::optional<uint64_t> expected_cursor;
  enum class Answer { kStored, kMismatch, kUnknown } answer = Answer::kUnknown;
  uint64_t first_cursor = 0;  // If it was stored; the others follow.
};

struct SeenEvent {
  uint64_t cursor = 0;
  std::string tag;

  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

// Everything behind `after_cursor`.
struct ReadCall {
  Call call;
  uint64_t after_cursor = 0;
  uint64_t head_cursor = 0;
  std::vector<SeenEvent> events;
};

// What one live stream delivered, from the beginning.
struct StreamCall {
  struct Delivered {
    Moment at = 0;
    SeenEvent event;
  };
  std::vector<Delivered> events;
};

struct History {
  std::vector<AppendCall> appends;
  std::vector<ReadCall> reads;
  std::vector<StreamCall> streams;
  std::vector<SeenEvent> log;  // In the end.
};

// What cannot be; empty if all of it can.
std::vector<std::string> FindViolations(const History& history);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_HISTORY_HISTORY_H_
