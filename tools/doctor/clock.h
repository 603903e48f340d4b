// The machine's clock, as far as a store depends on it.
#ifndef PLAYHEAD_TOOLS_DOCTOR_CLOCK_H_
#define PLAYHEAD_TOOLS_DOCTOR_CLOCK_H_

#include <string>

#include "absl/time/time.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

// Checks that the clock is synchronized, and not behind the newest file of the store.
Diagnosis CheckClock(const std::string& data_dir);
// The judgement of CheckClock, from what it found.
Diagnosis JudgeClock(absl::Time now, absl::Time newest_file, bool is_kept_in_step);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_CLOCK_H_
