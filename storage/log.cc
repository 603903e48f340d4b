#include "storage/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace playhead::storage {
namespace {

spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto made = spdlog::stderr_color_mt("playhead");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
    return made.get();  // The registry owns it.
  }();
  return *logger;
}

void Log(spdlog::level::level_enum level, absl::string_view event, absl::string_view fields,
         const absl::Status& status) {
  std::string line = absl::StrCat("event=", event, fields.empty() ? "" : " ", fields);
  if (!status.ok()) absl::StrAppend(&line, " error=\"", absl::CEscape(status.message()), "\"");
  Logger().log(level, line);
}

}  // namespace

void LogInfo(absl::string_view event, absl::string_view fields) {
  Log(spdlog::level::info, event, fields, absl::OkStatus());
}

void LogWarning(absl::string_view event, absl::string_view fields, const absl::Status& status) {
  Log(spdlog::level::warn, event, fields, status);
}

void LogError(absl::string_view event, absl::string_view fields, const absl::Status& status) {
  Log(spdlog::level::err, event, fields, status);
}

}  // namespace playhead::storage
