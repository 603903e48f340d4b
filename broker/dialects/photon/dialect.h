// What the calls of this dialect share, by reference. broker/dialects/photon/services.h owns it.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_

#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/dialects/photon/app_secrets.h"
#include "broker/dialects/photon/continuations.h"
#include "broker/dialects/photon/options.h"

namespace playhead::broker::photon {

struct Dialect {
  const Core& core;
  const Options& options;
  Continuations& continuations;
  AppSecrets* app_secrets;   // nullptr if the broker knows none.
  ByteBudget& reply_budget;  // What replies of FetchMissedEvents beyond the first 64 KiB of each may take together.
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_DIALECT_H_
