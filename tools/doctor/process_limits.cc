#include "tools/doctor/process_limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "storage/descriptors.h"

namespace playhead::tools {
namespace {

// With fewer, a broker has room for surprisingly few connections.
constexpr uint64_t kOpenFilesWanted = 4096;
constexpr uint64_t kDescriptorsUseful = uint64_t{1} << 20;

std::optional<uint64_t> ParseLimit(absl::string_view word) {
  uint64_t number = 0;
  if (word == "unlimited") return kUnlimited;
  return absl::SimpleAtoi(word, &number) ? std::optional<uint64_t>(number) : std::nullopt;
}

// The two columns after `name`: the soft and the hard limit.
std::optional<std::pair<uint64_t, uint64_t>> FindLimit(absl::string_view text, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, name)) continue;
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 2) return std::nullopt;
    const std::optional<uint64_t> soft = ParseLimit(words[0]);
    const std::optional<uint64_t> hard = ParseLimit(words[1]);
    if (!soft.has_value() || !hard.has_value()) return std::nullopt;
    return std::pair(*soft, *hard);
  }
  return std::nullopt;
}

}  // namespace

std::optional<ProcessLimits> ParseProcessLimits(absl::string_view text) {
  const auto open_files = FindLimit(text, "Max open files ");
  const auto core = FindLimit(text, "Max core file size ");
  if (!open_files.has_value() || !core.has_value()) return std::nullopt;
  return ProcessLimits{
      .open_files = open_files->first, .open_files_max = open_files->second, .core_bytes = core->first};
}

std::optional<ProcessLimits> ReadProcessLimits(absl::string_view process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/limits"));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return ParseProcessLimits(text);
}

std::optional<StoreHolder> FindStoreHolder(const std::string& data_dir) {
  const int file = ::open((data_dir + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  const absl::Cleanup close_file = [file] { ::close(file); };
  // The lock that RocksDB takes. F_GETLK only asks for its holder.
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (::fcntl(file, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return StoreHolder{.process = std::max<pid_t>(lock.l_pid, 0)};
}

Diagnosis JudgeOpenFiles(uint64_t limit, const broker::ServerOptions& options, uint64_t table_files,
                         absl::string_view whose) {
  Diagnosis out{.subject = "open files"};
  const auto descriptors = static_cast<int>(std::min(limit, kDescriptorsUseful));
  const auto connections = static_cast<uint64_t>(std::max(storage::ConnectionDescriptorsEnd(descriptors), 0));
  const auto tables = static_cast<uint64_t>(storage::TableFilesMax(descriptors));
  out.finding = absl::StrCat(whose, " may have ", descriptors, " open: up to ", connections,
                             " connections, and the store's files");
  if (table_files > tables) {
    absl::StrAppend(&out.finding, ", of which it has ", table_files, " and keeps ", tables, " open");
  }
  out.advice = "ulimit -n 65536, or LimitNOFILE=65536 in the unit";
  if (limit < static_cast<uint64_t>(storage::kDescriptorsWanted)) {
    out.severity = Severity::kProblem;
    out.code = "OPEN_FILES_TOO_FEW";
    absl::StrAppend(&out.finding, "; with fewer than ", storage::kDescriptorsWanted, " a broker does not start");
  } else if (!options.http_listen.empty() && connections < options.limits.http_connections_max) {
    out.severity = Severity::kWarning;
    out.code = "CONNECTIONS_BEYOND_OPEN_FILES";
    absl::StrAppend(&out.finding, "; --http_connections_max lets ", options.limits.http_connections_max,
                    " come, and those that do not fit are refused");
  } else if (limit < kOpenFilesWanted) {
    out.severity = Severity::kWarning;
    out.code = "OPEN_FILES_FEW";
    absl::StrAppend(&out.finding, "; each client takes one");
  } else {
    out.advice.clear();
  }
  return out;
}

uint64_t CountTableFiles(const std::string& data_dir) {
  uint64_t count = 0;
  std::error_code error;
  // A range-for would throw the errors of increments.
  for (std::filesystem::directory_iterator entry(data_dir, error), end; !error && entry != end;
       entry.increment(error)) {
    count += entry->path().extension() == ".sst";
  }
  return count;
}

}  // namespace playhead::tools
