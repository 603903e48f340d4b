// The limits of a process, from /proc, and which process has a store open.
#ifndef PLAYHEAD_TOOLS_DOCTOR_PROCESS_LIMITS_H_
#define PLAYHEAD_TOOLS_DOCTOR_PROCESS_LIMITS_H_

#include <sys/types.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "broker/server_options.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

inline constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

struct ProcessLimits {
  uint64_t open_files = kUnlimited;      // The current limit.
  uint64_t open_files_max = kUnlimited;  // Up to which the process may raise it.
  uint64_t core_bytes = kUnlimited;
};

// Parses /proc/PID/limits. nullopt if one of the limits is missing.
std::optional<ProcessLimits> ParseProcessLimits(absl::string_view text);
// The limits of the process with this id ("self" for this one). nullopt if it has ended, or belongs to another user.
std::optional<ProcessLimits> ReadProcessLimits(absl::string_view process);

// The process that has the store open.
struct StoreHolder {
  pid_t process = 0;  // 0 if the id is not visible from here, as for a process in another container.
};
// nullopt if no process has. Must not be called in a process that has the store open itself: closing LOCK would release
// its lock.
std::optional<StoreHolder> FindStoreHolder(const std::string& data_dir);

// Judges the limit of open files for a broker with these options, whose store has `table_files`. `whose` names the
// limit's owner in the text: "this process", "the broker".
Diagnosis JudgeOpenFiles(uint64_t limit, const broker::ServerOptions& options, uint64_t table_files,
                         absl::string_view whose);
// The number of table files in the folder.
uint64_t CountTableFiles(const std::string& data_dir);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_PROCESS_LIMITS_H_
