// Checks of a broker's options, as far as possible before its store is opened. The server runs them before it starts;
// `playhead doctor` explains their results.
#ifndef PLAYHEAD_BROKER_OPTION_CHECKS_H_
#define PLAYHEAD_BROKER_OPTION_CHECKS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/server_options.h"

namespace playhead::broker {

enum class OptionPart {
  kSizes,  // Sizes that contradict each other.
  kAdminSecret,
  kBackupDirs,
  kTls,
  kGrpcListen,
  kHttpListen,
  kVerifyToken,
  kCorsOrigins,
  kReplays,
};

struct OptionCheck {
  OptionPart part = OptionPart::kSizes;
  absl::Status status;  // OK, or the error with which the broker refuses to start.
};

// One check for each part, in the order of OptionPart; a part that is not used is OK. Whether an existing store holds
// keys is not known yet: where it matters (ListenGuards) an existing store is assumed to hold some, and the server
// checks again once the store is open. Blocks: reads the files that the options name, and looks up hosts. Changes
// nothing.
std::vector<OptionCheck> CheckOptions(const ServerOptions& options, absl::Time now);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_OPTION_CHECKS_H_
