// The entry point of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_MAKE_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_MAKE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "broker/dialects/photon/options.h"
#include "broker/dialects/served_dialect.h"

namespace playhead::broker::photon {

// Two gRPC services. Does not fail.
absl::StatusOr<std::unique_ptr<ServedDialect>> Make(const DialectContext& context, const Options& options);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_MAKE_H_
