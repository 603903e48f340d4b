// Checks a broker's configuration against the machine: what `playhead serve` would refuse, and what would fail later.
#ifndef PLAYHEAD_TOOLS_DOCTOR_CONFIGURATION_H_
#define PLAYHEAD_TOOLS_DOCTOR_CONFIGURATION_H_

#include <vector>

#include "absl/time/time.h"
#include "broker/server_options.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

// Explains the results of broker/option_checks.h, and checks what the options name: addresses, certificates, secrets,
// backup folders. `broker_runs`: a broker runs on the same store and may occupy the addresses. Blocks: reads files,
// looks up hosts, and briefly listens on the addresses. Changes nothing.
std::vector<Diagnosis> CheckConfiguration(const broker::ServerOptions& options, bool broker_runs, absl::Time now);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_CONFIGURATION_H_
