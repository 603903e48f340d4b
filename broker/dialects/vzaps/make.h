// The entry point of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_MAKE_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_MAKE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/dialects/served_dialect.h"
#include "broker/dialects/vzaps/options.h"

namespace playhead::broker::vzaps {

// Serves POST /token, the WebSocket /events/ws, and the native service for settings of instances. Errors: as
// Service::Make.
absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_MAKE_H_
