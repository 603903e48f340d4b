#include "broker/metrics/metrics.h"

#include <string>

namespace playhead::broker {
namespace {

prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Counter& Counter(prometheus::Registry& registry, const char* name, const char* help,
                             const prometheus::Labels& labels = {}) {
  return Counters(registry, name, help).Add(labels);
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& Histogram(prometheus::Registry& registry, const char* name, const char* help) {
  // Powers of ten from one event to a million.
  static const prometheus::Histogram::BucketBoundaries kBounds = {0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6};
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, kBounds);
}

}  // namespace

Metrics::Metrics()
    : deliveries(Counter(registry_, "playhead_deliveries_total", "Events handed to subscribers.")),
      delivered_bytes(Counter(registry_, "playhead_delivered_bytes_total", "Encoded bytes handed to subscribers.")),
      subscribers(Gauge(registry_, "playhead_subscribers", "Subscriptions that are open.")),
      lag(Histogram(registry_, "playhead_subscriber_lag_events",
                    "Events behind the head of what was delivered, at each delivery.")),
      slow_fallbacks(Counter(registry_, "playhead_slow_fallbacks_total",
                             "Times that a subscriber at the head fell so far behind that it reads storage again.")),
      stalled_calls(Counter(registry_, "playhead_stalled_calls_total",
                            "Calls over gRPC that were ended because their clients took nothing while others waited "
                            "for the memory that they held.")),
      gaps_trim(Counter(registry_, "playhead_gaps_total",
                        "Gaps that subscribers were told of: events that were no longer kept.", {{"cause", "trim"}})),
      append_stream_pauses(Counter(registry_, "playhead_append_stream_pauses_total",
                                   "Times that an append stream was slowed down by a rate of its key or an instance.")),
      retention_events(Counter(registry_, "playhead_retention_events_total", "Events that policies have trimmed.")),
      dialects_{
          Counters(registry_, "playhead_dialect_replaced_positions_total",
                   "Cursors that were too old or not of the log: the client went on at the first kept event."),
          Counters(registry_, "playhead_dialect_events_not_rendered_total",
                   "Times that a damaged event was passed over for a client."),
          Counters(registry_, "playhead_dialect_bounces_total",
                   "Streams that were ended at once so that the client asks for what it missed."),
          Counters(registry_, "playhead_dialect_neutral_values_total",
                   "Frames that have an empty value where the event does not have the one that clients need."),
          Counters(registry_, "playhead_dialect_unreadable_positions_total",
                   "Positions that clients made up: they went on at the end of the log."),
      },
      parked_events(Counter(registry_, "playhead_parked_events_total",
                            "Events that were delivered too often in vain, or given up.", {{"of", "consumer"}})),
      parked_events_of_sessions(Counter(registry_, "playhead_parked_events_total",
                                        "Events that were delivered too often in vain, or given up.",
                                        {{"of", "session"}})),
      removed_sessions(Counter(registry_, "playhead_removed_sessions_total",
                               "Sessions of clients that were forgotten: too long unused, or too many.")),
      replays(Gauge(registry_, "playhead_replays", "Replays that have not ended.")),
      replayed_events(
          Counter(registry_, "playhead_replayed_events_total", "Events that receivers of replays confirmed.")),
      replay_retries(Counter(registry_, "playhead_replay_retries_total",
                             "Attempts to send an event of a replay that failed and were repeated.")),
      http_requests(Counters(registry_, "playhead_http_requests_total", "HTTP requests that were answered.")),
      http_connections(Gauge(registry_, "playhead_http_connections", "HTTP connections that are open.")),
      webhook_events(
          Counter(registry_, "playhead_webhook_events_total", "Events of webhooks that were not there before.")),
      webhook_unsigned_bodies(Counter(registry_, "playhead_webhook_unsigned_bodies_total",
                                      "Webhooks that were refused because their signature does not hold.")) {}

Metrics::Dialect Metrics::OfDialect(const std::string& dialect) {
  const prometheus::Labels labels = {{"dialect", dialect}};
  return {
      dialects_.replaced_positions.Add(labels),
      dialects_.events_not_rendered.Add(labels),
      dialects_.bounces.Add(labels),
      dialects_.neutral_values.Add(labels),
      dialects_.unreadable_positions.Add(labels),
  };
}

}  // namespace playhead::broker
