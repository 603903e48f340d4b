#include "broker/dialects/socketio/make.h"

#include "broker/dialects/socketio/service.h"

namespace playhead::broker::socketio {

absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options) {
  return Service::Make(context.core, context.consumers, context.sessions, context.socketio, options);
}

}  // namespace playhead::broker::socketio
