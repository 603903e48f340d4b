// The entry point of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_MAKE_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_MAKE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/dialects/served_dialect.h"
#include "broker/dialects/socketio/options.h"

namespace playhead::broker::socketio {

// Serves the namespaces /api/events and /. Errors: as Service::Make.
absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_MAKE_H_
