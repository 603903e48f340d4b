// The list of dialects. To add one, add a member to DialectOptions and a line to each function in all.cc.
#ifndef PLAYHEAD_BROKER_DIALECTS_ALL_H_
#define PLAYHEAD_BROKER_DIALECTS_ALL_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "broker/dialects/flags.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/dialects/photon/options.h"
#include "broker/dialects/served_dialect.h"
#include "broker/dialects/socketio/options.h"
#include "broker/dialects/vzaps/options.h"

namespace playhead::broker {

struct DialectOptions {
  photon::Options photon;
  vzaps::Options vzaps;
  socketio::Options socketio;
  multiwa::Options multiwa;
};

// Adds the options that an operator may set to `flags`.
void AddDialectFlags(DialectOptions& options, DialectFlags& flags);

// Creates all dialects, and appends them to `dialects`. Blocks on the store. Returns the first error; the dialects
// created before it are in `dialects` even then, since timers and callbacks may refer to them.
absl::Status MakeDialects(const DialectContext& context, const DialectOptions& options,
                          std::vector<std::unique_ptr<ServedDialect>>& dialects);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_DIALECTS_ALL_H_
