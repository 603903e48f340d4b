#include "tools/doctor/memory.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/doctor/size_text.h"

namespace playhead::tools {
namespace {

constexpr uint64_t kMemoryWanted = uint64_t{256} << 20;
// Besides the budgets: the program, its threads, the heads of instances in use.
constexpr uint64_t kBaseBytes = uint64_t{64} << 20;
constexpr uint64_t kConsumerBytes = 1024;

std::optional<uint64_t> ReadNumber(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string text;
  uint64_t number = 0;
  if (!(in >> text) || !absl::SimpleAtoi(text, &number)) return std::nullopt;  // "max" means no limit.
  return number;
}

// Searches the group and its ancestors up to the mounted folder.
void FindLeast(const std::filesystem::path& mounted, const std::string& group, const char* limit_file,
               std::optional<MemoryBound>& least) {
  // The path of a group outside the process's namespace begins with "..".
  std::filesystem::path path = std::filesystem::path("/" + group).lexically_normal();
  for (;; path = path.parent_path()) {
    const std::filesystem::path file = mounted / path.relative_path() / limit_file;
    const std::optional<uint64_t> bytes = ReadNumber(file);
    if (bytes.has_value() && (!least.has_value() || *bytes < least->bytes)) least = MemoryBound{*bytes, file.string()};
    if (!path.has_relative_path()) return;
  }
}

}  // namespace

std::optional<MemoryBound> FindCgroupBound(absl::string_view process_cgroup, const std::string& root) {
  std::optional<MemoryBound> least;
  for (const absl::string_view line : absl::StrSplit(process_cgroup, '\n', absl::SkipEmpty())) {
    // HIERARCHY:CONTROLLERS:PATH
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (parts[0] == "0") {
      FindLeast(root, parts[2], "memory.max", least);
      FindLeast(root + "/unified", parts[2], "memory.max", least);  // Where version 1 is mounted too.
    }
    const std::vector<absl::string_view> controllers = absl::StrSplit(parts[1], ',');
    if (std::find(controllers.begin(), controllers.end(), "memory") != controllers.end()) {
      FindLeast(root + "/memory", parts[2], "memory.limit_in_bytes", least);
    }
  }
  return least;
}

MemoryBound FindMemoryBound(absl::string_view process) {
  const auto pages = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES));
  MemoryBound bound = {pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)), "the machine"};
  std::ifstream file(absl::StrCat("/proc/", process, "/cgroup"));
  const std::string groups(std::istreambuf_iterator<char>(file), {});
  std::optional<MemoryBound> of_group = FindCgroupBound(groups, "/sys/fs/cgroup");
  if (of_group.has_value() && of_group->bytes < bound.bytes) bound = *std::move(of_group);
  return bound;
}

MemoryBudgets MemoryBudgetsOf(const broker::ServerOptions& options) {
  const broker::Limits& limits = options.limits;
  const storage::StoreOptions& store = options.store;
  MemoryBudgets budgets;
  budgets.shared = kBaseBytes + limits.tail_bytes_max + store.block_cache_bytes + 2 * store.write_buffer_bytes +
                   limits.append_budget_bytes + store.append_queue_bytes_max + limits.delivery_budget_bytes +
                   limits.append_reply_budget_bytes + limits.grpc_buffer_bytes_max +
                   options.dialects.photon.reply_budget_bytes;
  budgets.per_connection = limits.streams_max * limits.delivery_bytes_free + limits.consumers_max * kConsumerBytes;
  if (!options.http_listen.empty()) {
    budgets.shared += limits.http_body_budget_bytes;
    budgets.per_connection += limits.http_connections_max * limits.http_body_bytes_free;
  }
  return budgets;
}

Diagnosis JudgeMemory(const MemoryBound& bound, const MemoryBudgets& budgets) {
  Diagnosis out{.subject = "memory"};
  out.finding = absl::StrCat(MebibytesText(bound.bytes), " by ", bound.whose, "; the budgets add up to ",
                             MebibytesText(budgets.shared), ", and streams and connections, if there are as many as ",
                             "there may be, to ", MebibytesText(budgets.per_connection), " more");
  if (bound.bytes < kMemoryWanted) {
    out.severity = Severity::kWarning;
    out.code = "MEMORY_LOW";
    absl::StrAppend(&out.finding, ": a busy broker takes ", MebibytesText(kMemoryWanted), " and more");
    out.advice = "give it more, or lower --write_buffer_bytes and the budgets (playhead serve --help)";
  } else if (bound.bytes < budgets.shared) {
    out.severity = Severity::kWarning;
    out.code = "MEMORY_BUDGETS_TOO_LARGE";
    absl::StrAppend(&out.finding, ": under load it may take more than there is, and be killed for it");
    out.advice = "give it more, or lower the budgets, --grpc_buffer_bytes_max first (playhead serve --help)";
  } else if (bound.bytes < budgets.shared + budgets.per_connection) {
    out.severity = Severity::kNote;
    out.code = "MEMORY_NOT_FOR_ALL_CONNECTIONS";
    out.advice = "fine, unless so many come: --streams_max and --http_connections_max bound them";
  }
  return out;
}

}  // namespace playhead::tools
