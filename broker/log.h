// The broker's lines in the process's log (storage/log.h).
#ifndef PLAYHEAD_BROKER_LOG_H_
#define PLAYHEAD_BROKER_LOG_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/log.h"

namespace playhead::broker {

using storage::Log;

// Says that `method` was refused with `status`. At most a line a second over all methods; the next one counts those
// left out. Thread-safe.
void LogRefusal(absl::string_view method, const absl::Status& status);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LOG_H_
