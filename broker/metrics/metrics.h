// The broker's metrics, under stable names. docs/operating.md has the table; a test keeps the two in step.
#ifndef PLAYHEAD_BROKER_METRICS_METRICS_H_
#define PLAYHEAD_BROKER_METRICS_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <string>
#include <vector>

namespace playhead::broker {

// The broker's own figures. Its parts update them as things happen: once per batch or message where there are many.
// broker/metrics/scrape.h adds the figures that are counted elsewhere, and formats them all as text.
//
// Labels have few values, all known at the start: none names an instance, a key or an address.
// Thread safety: all of it may be used from any thread.   Blocking: none but Collect.
class Metrics {
 private:
  prometheus::Registry registry_;

 public:
  Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Subscriptions, over all protocols.
  prometheus::Counter& deliveries;       // Events handed to subscribers.
  prometheus::Counter& delivered_bytes;  // Of those events, encoded.
  prometheus::Gauge& subscribers;        // Open now.
  prometheus::Histogram& lag;            // Events behind the head, at each delivery.
  prometheus::Counter& slow_fallbacks;   // Subscribers that were at the head and had to read storage again.
  prometheus::Counter& stalled_calls;    // Calls over gRPC that were ended because others waited for the memory they
                                         // held.
  // Gaps reported to subscribers, by cause: `trim`.
  prometheus::Counter& gaps_trim;

  // Times that an append stream was slowed down by a rate of its key or of an instance.
  prometheus::Counter& append_stream_pauses;
  // Retention.
  prometheus::Counter& retention_events;  // Events that policies have trimmed.

  // Deviations from what clients of a dialect asked for, where their protocol has no way to report them; by `dialect`.
  struct Dialect {
    prometheus::Counter& replaced_positions;  // Too old, or not of the log: the client went on at the first kept event.
    prometheus::Counter& events_not_rendered;   // Damaged events that were passed over.
    prometheus::Counter& bounces;               // Streams that were told to fetch missed events first.
    prometheus::Counter& neutral_values;        // Frames with "", 0 or 1970 for a value that the event does not have.
    prometheus::Counter& unreadable_positions;  // Text that is not a cursor: the client went on at the end.
  };
  // Those of `dialect`; the same ones whenever they are asked for. A dialect asks once, when it is made.
  Dialect OfDialect(const std::string& dialect);

 private:
  using CounterFamily = prometheus::Family<prometheus::Counter>;
  struct DialectFamilies {
    CounterFamily& replaced_positions;
    CounterFamily& events_not_rendered;
    CounterFamily& bounces;
    CounterFamily& neutral_values;
    CounterFamily& unreadable_positions;
  };
  DialectFamilies dialects_;

 public:
  // Consumers and sessions.
  prometheus::Counter& parked_events;              // Events that consumers gave up.
  prometheus::Counter& parked_events_of_sessions;  // The same for clients' sessions.
  prometheus::Counter& removed_sessions;           // Sessions removed because they were unused for too long, or too
                                                   // many.

  // Replays by operators.
  prometheus::Gauge& replays;            // Not ended.
  prometheus::Counter& replayed_events;  // Events that their receivers confirmed.
  prometheus::Counter& replay_retries;   // Attempts that were repeated.

  // HTTP.
  prometheus::Family<prometheus::Counter>& http_requests;  // By `route` and `code`.
  prometheus::Gauge& http_connections;                     // Open now.

  // Webhooks. The outcomes of bodies are in http_requests, by `code`.
  prometheus::Counter& webhook_events;           // Events stored that were not stored before.
  prometheus::Counter& webhook_unsigned_bodies;  // Bodies refused because their signature is not valid.

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_METRICS_METRICS_H_
