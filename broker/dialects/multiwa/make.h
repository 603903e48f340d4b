// The entry point of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_MAKE_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_MAKE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/dialects/served_dialect.h"

namespace playhead::broker::multiwa {

// Serves the WebSocket /ws and the namespace /ws. Does not fail.
absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_MAKE_H_
