// References to the parts of the broker that every protocol uses. broker/server.h owns them.
#ifndef PLAYHEAD_BROKER_CORE_H_
#define PLAYHEAD_BROKER_CORE_H_

#include "broker/audit.h"
#include "broker/auth/authenticator.h"
#include "broker/byte_budget.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/quota/instance_limits.h"
#include "broker/read/tail.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"
#include "storage/executor.h"

namespace playhead::broker {

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
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CORE_H_
