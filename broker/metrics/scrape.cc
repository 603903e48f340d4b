#include "broker/metrics/scrape.h"

#include <malloc.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>
#include <vector>

#include "broker/refusal_counts.h"

namespace playhead::broker {
namespace {

prometheus::ClientMetric Value(double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  return metric;
}

prometheus::ClientMetric Histogram(const storage::HistogramStats& stats, double unit) {
  prometheus::ClientMetric metric;
  uint64_t count = 0;
  for (size_t i = 0; i < stats.counts.size(); ++i) {
    count += stats.counts[i];
    const double bound =
        i < stats.bounds.size() ? static_cast<double>(stats.bounds[i]) * unit : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({count, bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(stats.sum) * unit;
  return metric;
}

void AddLog(const storage::LogStats& log, std::vector<prometheus::MetricFamily>& families) {
  const auto counter = [&families](const char* name, const char* help, uint64_t value) {
    families.push_back({name, help, prometheus::MetricType::Counter, {Value(static_cast<double>(value))}});
  };
  const auto gauge = [&families](const char* name, const char* help, uint64_t value) {
    prometheus::ClientMetric metric;
    metric.gauge.value = static_cast<double>(value);
    families.push_back({name, help, prometheus::MetricType::Gauge, {metric}});
  };
  const auto histogram = [&families](const char* name, const char* help, const storage::HistogramStats& stats,
                                     double unit) {
    families.push_back({name, help, prometheus::MetricType::Histogram, {Histogram(stats, unit)}});
  };
  counter("playhead_appends_total", "Events appended.", log.appended_events);
  counter("playhead_append_bytes_total", "Encoded bytes of the events appended.", log.appended_bytes);
  counter("playhead_duplicates_total", "Events that were stored already.", log.duplicate_events);
  counter("playhead_commits_total", "Writes to the store.", log.commits);
  histogram("playhead_fsync_duration_seconds", "Time of each write to the store, with its fsync.", log.sync_time_us,
            1e-6);
  histogram("playhead_events_per_fsync", "Events that one write with its fsync stored.", log.events_per_sync, 1);
  counter("playhead_storage_reads_total", "Slices of the log that were read from storage.", log.reads);
  counter("playhead_damaged_ranges_total", "Reads that found the log damaged.", log.damaged_ranges);
  counter("playhead_erasure_passes_total", "Passes that removed the bytes of deleted instances.", log.erasure_passes);
  counter("playhead_erased_instances_total", "Deleted instances whose bytes are gone.", log.erased_instances);
  counter("playhead_erased_events_total", "Events that erasures have replaced by stubs.", log.erased_events);
  counter("playhead_erasures_done_total", "Erasures of events that are done.", log.erasures_done);
  counter("playhead_reclaimed_bytes_total", "Bytes of trimmed events that the disk has back.", log.reclaimed_bytes);
  counter("playhead_reclaim_moved_bytes_total", "Bytes of kept events that were moved for that.", log.moved_bytes);
  counter("playhead_write_stalls_total", "Times that the store began to slow writes down.", log.write_stalls);
  counter("playhead_store_reopens_total", "Times that the store was opened anew after a failed write.", log.reopens);
  gauge("playhead_instances", "Instances that exist.", log.instances);
  gauge("playhead_wal_bytes", "Bytes of the write-ahead log.", log.wal_bytes);
  gauge("playhead_disk_free_bytes", "Bytes that are free on the store's disk.", log.disk_free_bytes);
}

void AddConsumers(const ConsumerFigures& figures, std::vector<prometheus::MetricFamily>& families) {
  const auto gauge = [](uint64_t value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.gauge.value = static_cast<double>(value);
    return metric;
  };
  prometheus::MetricFamily consumers{
      "playhead_consumers", "Consumers, by whether they deliver or why not.", prometheus::MetricType::Gauge, {}};
  for (size_t i = 0; i < kConsumerStates.size(); ++i) {
    consumers.metric.push_back(gauge(figures.consumers[i], {{"state", kConsumerStates[i]}}));
  }
  families.push_back(std::move(consumers));
  const auto add = [&](const char* name, const char* help, uint64_t value) {
    families.push_back({name, help, prometheus::MetricType::Gauge, {gauge(value)}});
  };
  add("playhead_consumer_holders", "Streams that hold a consumer.", figures.holders);
  add("playhead_consumer_in_flight_events", "Events handed over and not settled.", figures.in_flight);
  add("playhead_consumer_unsettled_events", "Events at or before a position that are not settled.", figures.unsettled);
  add("playhead_consumer_parked_events", "Events in parked lists.", figures.parked);
  families.push_back({"playhead_consumer_acknowledged_total",
                      "Events that were acknowledged.",
                      prometheus::MetricType::Counter,
                      {Value(static_cast<double>(figures.acknowledged))}});
  families.push_back({"playhead_consumer_redelivered_total",
                      "Hand-overs of an event that were not its first.",
                      prometheus::MetricType::Counter,
                      {Value(static_cast<double>(figures.redelivered))}});
}

// Memory allocated from the C library. The kernel's resident size also includes fragmentation and free memory.
void AddMemory(std::vector<prometheus::MetricFamily>& families) {
  const struct mallinfo2 memory = mallinfo2();
  prometheus::ClientMetric allocated;
  allocated.gauge.value = static_cast<double>(memory.uordblks + memory.hblkhd);
  families.push_back(
      {"playhead_allocated_bytes", "Bytes of memory that are allocated.", prometheus::MetricType::Gauge, {allocated}});
}

}  // namespace

std::string Scrape(const Metrics& metrics, const storage::LogStats& log, const ConsumerFigures& consumers) {
  std::vector<prometheus::MetricFamily> families = metrics.Collect();
  AddLog(log, families);
  AddConsumers(consumers, families);
  AddMemory(families);
  prometheus::MetricFamily refusals{"playhead_refusals_total",
                                    "Calls and requests that were refused, by error-code.",
                                    prometheus::MetricType::Counter,
                                    {}};
  double auth_failures = 0;
  for (const auto& [code, count] : RefusalCounts()) {
    refusals.metric.push_back(Value(static_cast<double>(count), {{"reason", code}}));
    if (code == "UNAUTHENTICATED" || code == "KEY_REVOKED" || code == "KEY_EXPIRED") {
      auth_failures += static_cast<double>(count);
    }
  }
  families.push_back(std::move(refusals));
  prometheus::MetricFamily quotas{"playhead_quota_refusals_total",
                                  "Calls and requests that were refused with QUOTA_EXCEEDED, by limit.",
                                  prometheus::MetricType::Counter,
                                  {}};
  for (const auto& [limit, count] : QuotaRefusalCounts()) {
    quotas.metric.push_back(Value(static_cast<double>(count), {{"limit", limit}}));
  }
  families.push_back(std::move(quotas));
  families.push_back({"playhead_auth_failures_total",
                      "Secrets that were missing, wrong, expired or revoked.",
                      prometheus::MetricType::Counter,
                      {Value(auth_failures)}});
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace playhead::broker
