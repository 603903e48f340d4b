// The broker's own log: one line an event on stderr, as `event=name key=value`. Never a payload, never a secret.
#ifndef PLAYHEAD_BROKER_LOG_H_
#define PLAYHEAD_BROKER_LOG_H_

#include <spdlog/logger.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Where all lines go. Lives as long as the process. Thread-safe.
spdlog::logger& Log();

// Says that `method` was refused with `status`. At most a line a second over all methods; the next one counts those
// left out. Thread-safe.
void LogRefusal(absl::string_view method, const absl::Status& status);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LOG_H_
