// What the connections of this dialect share, by reference. broker/dialects/multiwa/endpoint.h owns it.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_

#include "broker/core.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/options.h"

namespace playhead::broker::multiwa {

struct Dialect {
  const Core& core;
  const Options& options;
  Grace* grace;  // nullptr if clients start anew whenever they come back.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_DIALECT_H_
