// Shared by the connections of this dialect, by reference. broker/dialects/multiwa/endpoint.h owns it.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_

#include "broker/core.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/metrics/metrics.h"

namespace playhead::broker::multiwa {

struct Dialect {
  const Core& core;
  const Options& options;
  const Metrics::Dialect& figures;
  Grace* grace;  // nullptr if clients that reconnect always start anew.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_
