// What the clients of one instance did, with times, and whether one log could have answered them all.
//
// The rule is linearizability: each append and each read took effect at one moment between its call and its answer, in
// an order in which one log, alone, would have given the same answers. The final log gives the order of the appends, so
// this is decided exactly and in linear time. Each append gets the earliest moment that its own call, its predecessor's
// moment and the reads that did not see it allow. There is such an order if no append's moment is later than its
// answer, or than the answer of a read, or a delivery, that saw it, and no read's moment is later than its own answer.
//
// It detects: events that are lost, appear twice, are out of order or come from nowhere; reads that go back behind what
// any client was told; batches that are seen in part; conditional appends that were wrongly accepted or refused;
// deliveries that skip events. It does not detect: what no client looked at; the wrong refusal of a conditional append
// while another append was in flight, since it always allows that.
#ifndef PLAYHEAD_TESTS_HISTORY_HISTORY_H_
#define PLAYHEAD_TESTS_HISTORY_HISTORY_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace playhead::testing {

// A value of a monotonic clock that all clients share.
using Moment = int64_t;
inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

struct Call {
  Moment called = 0;
  Moment answered = kNever;  // kNever: the outcome is unknown.
};

struct AppendCall {
  Call call;
  std::vector<std::string> tags;  // One for each event, unique among all clients.
  std::optional<uint64_t> expected_cursor;
  enum class Answer { kStored, kMismatch, kUnknown } answer = Answer::kUnknown;
  uint64_t first_cursor = 0;  // If it was stored. The other events follow it.
};

struct SeenEvent {
  uint64_t cursor = 0;
  std::string tag;

  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

// Reads everything after `after_cursor`.
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
  std::vector<SeenEvent> log;  // The final log.
};

// Describes what no single log could have answered. Empty if one log could have answered everything.
std::vector<std::string> FindViolations(const History& history);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_HISTORY_HISTORY_H_
