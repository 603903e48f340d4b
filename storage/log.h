// The process's log: one line per event, `event=... key=value`, to standard error. Never a payload, never a secret.
#ifndef PLAYHEAD_STORAGE_LOG_H_
#define PLAYHEAD_STORAGE_LOG_H_

#include <spdlog/logger.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::storage {

// The logger that all lines go to. Lives as long as the process. Thread-safe.
spdlog::logger& Log();

// `fields` is `key=value` pairs with spaces between; a status that is not OK is added as `error="..."`.
void LogInfo(absl::string_view event, absl::string_view fields);
void LogWarning(absl::string_view event, absl::string_view fields, const absl::Status& status = absl::OkStatus());
void LogError(absl::string_view event, absl::string_view fields, const absl::Status& status = absl::OkStatus());

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_LOG_H_
