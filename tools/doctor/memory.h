// Compares the memory that a process may use with a broker's budgets.
#ifndef PLAYHEAD_TOOLS_DOCTOR_MEMORY_H_
#define PLAYHEAD_TOOLS_DOCTOR_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "broker/server_options.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

struct MemoryBound {
  uint64_t bytes = 0;
  std::string whose;  // What sets the bound: "the machine", or the limit file of a cgroup.
};

// The lowest memory limit of a process's control group and its ancestors, of version 2 (memory.max) and version 1
// (memory.limit_in_bytes). `process_cgroup` is the content of /proc/PID/cgroup, `root` where the hierarchies are
// mounted. If a group's folder is not visible, as inside a container, the mounted folder counts. nullopt if there is no
// limit.
std::optional<MemoryBound> FindCgroupBound(absl::string_view process_cgroup, const std::string& root);

// The memory bound of the process with this id ("self" for this one): the machine's memory or a control group's limit.
MemoryBound FindMemoryBound(absl::string_view process);

struct MemoryBudgets {
  uint64_t shared = 0;          // Budgets shared by all clients, and caches.
  uint64_t per_connection = 0;  // In addition, for the allowed maximum of streams, connections and consumers.
};
// The sums that docs/operating.md (Memory) describes.
MemoryBudgets MemoryBudgetsOf(const broker::ServerOptions& options);

Diagnosis JudgeMemory(const MemoryBound& bound, const MemoryBudgets& budgets);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_MEMORY_H_
