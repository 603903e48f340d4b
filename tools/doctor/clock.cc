#include "tools/doctor/clock.h"

#include <sys/stat.h>
#include <sys/timex.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace playhead::tools {
namespace {

// When the newest file in the folder was written; InfinitePast if there is none.
absl::Time NewestFile(const std::string& data_dir) {
  absl::Time newest = absl::InfinitePast();
  std::error_code error;
  // A range-for would throw the errors of increments.
  for (std::filesystem::directory_iterator entry(data_dir, error), end; !error && entry != end;
       entry.increment(error)) {
    struct stat info;
    if (::stat(entry->path().c_str(), &info) == 0) newest = std::max(newest, absl::TimeFromTimespec(info.st_mtim));
  }
  return newest;
}

}  // namespace

Diagnosis JudgeClock(absl::Time now, absl::Time newest_file, bool is_kept_in_step) {
  Diagnosis out{.subject = "clock"};
  if (newest_file > now + absl::Minutes(1)) {
    return {Severity::kProblem, "CLOCK_BEHIND", out.subject,
            absl::StrCat("it is ", absl::FormatDuration(absl::Trunc(newest_file - now, absl::Seconds(1))),
                         " behind the newest file of the store: events get the time of those before them"),
            "set the clock"};
  }
  if (!is_kept_in_step) {
    return {Severity::kWarning, "CLOCK_NOT_KEPT", out.subject,
            "nothing keeps it in step: retention by age and starts at a time go by it",
            "run chrony or systemd-timesyncd"};
  }
  out.finding = "kept in step, and not behind the store";
  return out;
}

Diagnosis CheckClock(const std::string& data_dir) {
  struct timex state = {};
  const bool is_kept_in_step = ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return JudgeClock(absl::Now(), NewestFile(data_dir), is_kept_in_step);
}

}  // namespace playhead::tools
