#include "broker/dialects/all.h"

#include <utility>

#include "absl/status/statusor.h"
#include "broker/dialects/multiwa/make.h"
#include "broker/dialects/photon/make.h"
#include "broker/dialects/socketio/make.h"
#include "broker/dialects/vzaps/make.h"

namespace playhead::broker {

// In the order of the help.
void AddDialectFlags(DialectOptions& options, DialectFlags& flags) {
  photon::AddFlags(options.photon, flags);
  vzaps::AddFlags(options.vzaps, flags);
  multiwa::AddFlags(options.multiwa, flags);
}

absl::Status MakeDialects(const DialectContext& context, const DialectOptions& options,
                          std::vector<std::unique_ptr<ServedDialect>>& dialects) {
  absl::Status status;
  const auto add = [&](auto make, const auto& options_of_it) {
    if (!status.ok()) return;
    absl::StatusOr<std::unique_ptr<ServedDialect>> dialect = make(context, options_of_it);
    status = dialect.status();
    if (status.ok()) dialects.push_back(*std::move(dialect));
  };
  add(photon::Make, options.photon);
  add(vzaps::Make, options.vzaps);
  add(socketio::Make, options.socketio);
  add(multiwa::Make, options.multiwa);
  return status;
}

}  // namespace playhead::broker
