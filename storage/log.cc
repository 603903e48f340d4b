#include "storage/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace playhead::storage {

spdlog::logger& Log() {
  static spdlog::logger& logger = *[] {
    auto* made = new spdlog::logger("playhead", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("time=%Y-%m-%dT%H:%M:%S.%fZ level=%l %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::warn);
    return made;
  }();
  return logger;
}

namespace {

void Write(spdlog::level::level_enum level, absl::string_view event, absl::string_view fields,
           const absl::Status& status) {
  std::string line = absl::StrCat("event=", event, fields.empty() ? "" : " ", fields);
  if (!status.ok()) absl::StrAppend(&line, " error=\"", absl::CEscape(status.message()), "\"");
  Log().log(level, line);
}

}  // namespace

void LogInfo(absl::string_view event, absl::string_view fields) {
  Write(spdlog::level::info, event, fields, absl::OkStatus());
}

void LogWarning(absl::string_view event, absl::string_view fields, const absl::Status& status) {
  Write(spdlog::level::warn, event, fields, status);
}

void LogError(absl::string_view event, absl::string_view fields, const absl::Status& status) {
  Write(spdlog::level::err, event, fields, status);
}

}  // namespace playhead::storage
