// The figures of consumers for metrics.
#ifndef PLAYHEAD_BROKER_METRICS_CONSUMER_FIGURES_H_
#define PLAYHEAD_BROKER_METRICS_CONSUMER_FIGURES_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace playhead::broker {

// The states of consumers, as values of the label `state`, in the order of ConsumerPause.
inline constexpr std::array<const char*, 7> kConsumerStates = {
    "delivers", "in_flight", "no_credit", "exceptions_full", "parked_full", "store", "no_holder"};

// Totals over all consumers; none is named. The counts of events are since the broker's start.
struct ConsumerFigures {
  std::array<uint64_t, kConsumerStates.size()> consumers{};  // By state.
  uint64_t holders = 0;
  uint64_t in_flight = 0;     // Events handed over and not settled, including those of replays.
  uint64_t unsettled = 0;     // Events at or before their consumer's position that are not settled.
  uint64_t parked = 0;        // Events in parked lists.
  uint64_t acknowledged = 0;  // Events that holders acknowledged.
  uint64_t redelivered = 0;   // Hand-overs that were not an event's first.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_METRICS_CONSUMER_FIGURES_H_
