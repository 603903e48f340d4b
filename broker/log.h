// Logging of the broker (storage/log.h).
#ifndef PLAYHEAD_BROKER_LOG_H_
#define PLAYHEAD_BROKER_LOG_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/log.h"

namespace playhead::broker {

using storage::Log;
using storage::LogWarning;

// Counts the refusal (broker/refusal_counts.h), and logs that `method` was refused with `status`: at most one line a
// second over all methods. The next line counts those that were left out. Thread-safe.
void LogRefusal(absl::string_view method, const absl::Status& status);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LOG_H_
