#include "tests/simulation/bit_rot.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/store/wal_inspector.h"
#include "tests/simulation/store_reads.h"
#include "tests/simulation/verification.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

namespace fs = std::filesystem;
using playhead::testing::TempDir;

std::vector<fs::path> FilesIn(const std::string& dir) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(dir)) {
    if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

void FlipBit(const std::string& name, uint64_t offset, uint64_t bit) {
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char flipped = static_cast<char>(file.get() ^ (1 << bit));
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(flipped);
}

}  // namespace

void BitRot::Flip() {
  const TempDir dir;
  fs::copy(options_.data_dir, dir.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  const std::optional<Target> target = ChooseTarget(dir.path());
  if (!target) return;
  const uint64_t offset = random_.Below(target->bytes);
  FlipBit(target->file, offset, random_.Below(8));
  ++report_.flips;
  StoreOptions copy = options_;
  copy.data_dir = dir.path();
  const std::string findings = FindingsOf(copy);
  const bool noticed = IsNoticed(copy, *target);
  ++(noticed ? report_.refused : report_.harmless);
  if (noticed && findings.empty()) oracle_.Violation("a verification says nothing of what a start or a read met");
  if (!oracle_.violations().empty()) {
    oracle_.Violation(absl::StrCat("behind a flipped bit of ", target->file, " at ", offset));
  }
}

std::optional<BitRot::Target> BitRot::ChooseTarget(const std::string& dir) {
  std::vector<Target> targets = random_.OneIn(3) ? Logs(dir) : Tables(dir);
  if (targets.empty()) return std::nullopt;
  return targets[random_.Below(targets.size())];
}

std::vector<BitRot::Target> BitRot::Tables(const std::string& dir) const {
  std::vector<Target> targets;
  for (const fs::path& file : FilesIn(dir)) {
    const std::string name = file.filename().string();
    if (!absl::EndsWith(name, ".sst") && !absl::StartsWith(name, "MANIFEST") && name != "CURRENT") continue;
    targets.push_back({file.string(), fs::file_size(file)});
  }
  return targets;
}

// Without the last record, which counts as torn by a crash, whatever made it unreadable (WalInspectorTest).
std::vector<BitRot::Target> BitRot::Logs(const std::string& dir) const {
  std::vector<Target> targets;
  for (const fs::path& file : FilesIn(dir)) {
    if (absl::EndsWith(file.string(), ".log")) targets.push_back({file.string(), fs::file_size(file)});
  }
  if (targets.empty()) return targets;
  // Where it begins is told by whoever misses its last byte.
  Target& last = targets.back();
  std::ifstream whole(last.file, std::ios::binary);
  whole.seekg(static_cast<std::streamoff>(last.bytes - 1));
  const char last_byte = static_cast<char>(whole.get());
  fs::resize_file(last.file, last.bytes - 1);
  const auto damage = InspectWal(*options_.env, dir);
  std::ofstream(last.file, std::ios::binary | std::ios::app).put(last_byte);
  const bool told = damage.ok() && damage->has_value() && absl::EndsWith(last.file, (*damage)->file);
  last.bytes = told ? (*damage)->record_offset : 0;
  if (last.bytes == 0) targets.pop_back();
  return targets;
}

bool BitRot::IsNoticed(const StoreOptions& copy, const Target& target) {
  const auto log = OpenRocksDbEventLog(copy);
  if (log.ok()) return CheckDamagedStore(**log, oracle_, random_);
  const std::string file = fs::path(target.file).filename().string();
  if (absl::EndsWith(file, ".log") &&
      !(HasReason(log.status(), Reason::kDataLoss) && absl::StrContains(log.status().message(), file))) {
    oracle_.Violation(absl::StrCat("of a damaged log it is not said where: ", log.status().ToString()));
  }
  return true;
}

}  // namespace playhead::storage
