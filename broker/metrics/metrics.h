// What the broker counts, under names that stay. docs/operating.md has the table; a test holds the two together.
#ifndef PLAYHEAD_BROKER_METRICS_METRICS_H_
#define PLAYHEAD_BROKER_METRICS_METRICS_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <vector>

namespace playhead::broker {

// The broker's own figures. The parts bump them as things happen: once a batch or a message where there are many.
// broker/metrics/scrape.h adds what is counted elsewhere and makes text of it all.
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
  prometheus::Counter& stalled_calls;    // Over gRPC, ended because others waited for the memory that they held.
  // Gaps that subscribers were told of, by cause: `trim`.
  prometheus::Counter& gaps_trim;

  // Times that an append stream was slowed down by a rate of its key or of an instance.
  prometheus::Counter& append_stream_pauses;
  // Retention.
  prometheus::Counter& retention_events;  // That policies have trimmed.

  // What clients of a dialect got other than they asked for, where their protocol cannot tell them; by `dialect`.
  struct Dialect {
    prometheus::Counter& replaced_positions;  // Too old, or not of the log: the client went on at the first kept event.
    prometheus::Counter& events_not_rendered;   // Damaged events that were passed over.
    prometheus::Counter& bounces;               // Streams that were sent back to ask for what was missed first.
    prometheus::Counter& neutral_values;        // Frames with "", 0 or 1970 for a value that the event does not have.
    prometheus::Counter& unreadable_positions;  // Text that is no cursor at all: the client went on at the end.
  };
  Dialect photon;
  Dialect socketio;
  Dialect multiwa;
  Dialect vzaps;

  // Consumers and sessions.
  prometheus::Counter& parked_events;              // That consumers gave up.
  prometheus::Counter& parked_events_of_sessions;  // The same of clients' sessions.
  prometheus::Counter& removed_sessions;           // Sessions that were too long unused, or too many.

  // Replays by operators.
  prometheus::Gauge& replays;            // Not ended.
  prometheus::Counter& replayed_events;  // That their receivers confirmed.
  prometheus::Counter& replay_retries;   // Attempts that were repeated.

  // HTTP.
  prometheus::Family<prometheus::Counter>& http_requests;  // By `route` and `code`.
  prometheus::Gauge& http_connections;                     // Open now.

  // Webhooks. What became of the bodies is in http_requests, by `code`.
  prometheus::Counter& webhook_events;           // Stored and not there before.
  prometheus::Counter& webhook_unsigned_bodies;  // Refused: their signature does not hold.

  std::vector<prometheus::MetricFamily> Collect() const { return registry_.Collect(); }
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_METRICS_METRICS_H_
