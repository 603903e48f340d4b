// Formats what subscriptions deliver as server-sent events. docs/clients/http.md documents their names.
#ifndef PLAYHEAD_BROKER_HTTP_API_FRAMES_H_
#define PLAYHEAD_BROKER_HTTP_API_FRAMES_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "broker/read/delivery.h"
#include "broker/read/event_run.h"
#include "broker/read/many_delivery.h"
#include "storage/event_log.h"

namespace playhead::broker::http_api {

// For one instance: ids are cursors. Not thread-safe.
class InstanceFrames {
 public:
  using Delivery = broker::Delivery;
  static constexpr size_t kOpeningDeliveries = 1;

  // `heartbeat_interval`: the interval that the client is told to expect.
  InstanceFrames(std::string instance, absl::Duration heartbeat_interval)
      : instance_(std::move(instance)), heartbeat_interval_(heartbeat_interval) {}

  void Take(Delivery delivery);
  void Next(std::string& out);

 private:
  std::string instance_;
  absl::Duration heartbeat_interval_;
  EventRun events_;
  std::string notice_;
};

// For many instances: ids are positions of the store. Not thread-safe.
class ManyFrames {
 public:
  using Delivery = ManyDelivery;
  // The first delivery is always the start position; the second, which follows at once, reports a start that was
  // trimmed.
  static constexpr size_t kOpeningDeliveries = 2;

  ManyFrames(const storage::EventLog& log, absl::Duration heartbeat_interval)
      : log_(&log), heartbeat_interval_(heartbeat_interval) {}

  void Take(Delivery delivery);
  void Next(std::string& out);

 private:
  const storage::EventLog* log_;
  absl::Duration heartbeat_interval_;
  // A position is after a part, not within it: only the last event of a part carries it.
  std::string instance_;
  std::string position_;
  EventRun events_;
  std::string line_;  // The current event, until it is known whether it is the last.
  std::string notice_;
};

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_FRAMES_H_
