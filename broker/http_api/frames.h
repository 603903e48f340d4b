// What subscriptions deliver, as server-sent events. docs/clients/http.md has the names for users.
#ifndef PLAYHEAD_BROKER_HTTP_API_FRAMES_H_
#define PLAYHEAD_BROKER_HTTP_API_FRAMES_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "broker/delivery.h"
#include "broker/event_run.h"
#include "broker/many_delivery.h"
#include "storage/event_log.h"

namespace playhead::broker::http_api {

// Of one instance: ids are cursors. Not thread-safe.
class InstanceFrames {
 public:
  using Delivery = broker::Delivery;
  static constexpr size_t kOpeningDeliveries = 1;

  // `heartbeat_interval`: what the client is told that it may expect.
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

// Of many: ids are positions of the store. Not thread-safe.
class ManyFrames {
 public:
  using Delivery = ManyDelivery;
  // The first says where it starts, whatever is there: that it was trimmed is told by the second, which follows at
  // once.
  static constexpr size_t kOpeningDeliveries = 2;

  ManyFrames(const storage::EventLog& log, absl::Duration heartbeat_interval)
      : log_(&log), heartbeat_interval_(heartbeat_interval) {}

  void Take(Delivery delivery);
  void Next(std::string& out);

 private:
  const storage::EventLog* log_;
  absl::Duration heartbeat_interval_;
  // A position lies behind a part, not within it: only the last event of a part carries it.
  std::string instance_;
  std::string position_;
  EventRun events_;
  std::string line_;  // The event at hand, until it is known whether it is the last.
  std::string notice_;
};

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_FRAMES_H_
