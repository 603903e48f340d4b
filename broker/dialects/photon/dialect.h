// What the calls of this dialect share, by reference. broker/dialects/photon/services.h owns it.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_

#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/dialects/app_secrets.h"
#include "broker/dialects/photon/continuations.h"
#include "broker/dialects/photon/options.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/metrics/metrics.h"

namespace playhead::broker::photon {

struct Dialect {
  const Core& core;
  const Options& options;
  const Metrics::Dialect& figures;
  Continuations& continuations;
  StalledCalls& stalled_calls;
  AppSecrets* app_secrets;   // nullptr if the broker has no app secrets.
  ByteBudget& reply_budget;  // For all replies of FetchMissedEvents, beyond the first 64 KiB of each.
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_
