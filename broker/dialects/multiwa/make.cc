#include "broker/dialects/multiwa/make.h"

#include "broker/dialects/multiwa/endpoint.h"

namespace playhead::broker::multiwa {

absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options) {
  auto endpoint = std::make_unique<Endpoint>(context.core, context.sessions, options);
  endpoint->AddRoutes(context.router);
  endpoint->AddNamespace(context.socketio);
  return endpoint;
}

}  // namespace playhead::broker::multiwa
