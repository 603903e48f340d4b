// Formats all of the broker's metrics as text.
#ifndef PLAYHEAD_BROKER_METRICS_SCRAPE_H_
#define PLAYHEAD_BROKER_METRICS_SCRAPE_H_

#include <string>

#include "broker/metrics/consumer_figures.h"
#include "broker/metrics/metrics.h"
#include "storage/stats.h"

namespace playhead::broker {

inline constexpr char kScrapeContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// Formats `metrics`, the figures of the log and of the consumers, and the refusals of the process in Prometheus's text
// format. Thread-safe. Does no disk I/O.
std::string Scrape(const Metrics& metrics, const storage::LogStats& log, const ConsumerFigures& consumers);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_METRICS_SCRAPE_H_
