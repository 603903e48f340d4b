// What every protocol of the broker works with, by reference. broker/server.h owns it all.
#ifndef PLAYHEAD_BROKER_CORE_H_
#define PLAYHEAD_BROKER_CORE_H_

#include "broker/audit.h"
#include "broker/auth/authenticator.h"
#include "broker/byte_budget.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/quota/instance_limits.h"
#include "broker/stream_registry.h"
#include "broker/tail.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"
#include "storage/executor.h"

namespace playhead::broker {

class StalledCalls;  // broker/grpc/stalled_calls.h

struct Core {
  const Limits& limits;
  storage::EventLog& log;
  storage::Executor& executor;
  Tail& tail;
  TimerQueue& timers;
  ByteBudget& append_budget;
  ByteBudget& append_reply_budget;
  ByteBudget& delivery_budget;
  StreamRegistry& streams;
  Metrics& metrics;
  Authenticator& auth;
  Audit& audit;
  InstanceLimits& instance_limits;
  StalledCalls& stalled_calls;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CORE_H_
