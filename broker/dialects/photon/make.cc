#include "broker/dialects/photon/make.h"

#include "broker/dialects/photon/services.h"

namespace playhead::broker::photon {

absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options) {
  return std::make_unique<Services>(context.core, options, context.stalled_calls, &context.app_secrets);
}

}  // namespace playhead::broker::photon
