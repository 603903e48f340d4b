#include "tests/simulation/bit_rot.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/store/store.h"
#include "storage/store/wal_inspector.h"
#include "storage/verify/table_check.h"
#include "tests/simulation/store_reads.h"
#include "tests/simulation/verification.h"
#include "tests/storage/flip_bit.h"
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

// Behind each block: how it is compressed, and its checksum.
constexpr uint64_t kBlockTrailerBytes = 5;

// Whether the bit, flipped, makes RocksDB end the process: the highest of the last byte of the block of properties,
// which stands before the metaindex block. It reads that block before it looks at its checksum, takes the bit for an
// index of hashes, and the distribution's build asserts that this has buckets.
bool EndsTheProcess(const std::string& name, uint64_t bytes, uint64_t offset, uint64_t bit) {
  if (bit != 7 || !absl::EndsWith(name, ".sst") || bytes < kTableFooterBytes) return false;
  std::ifstream file(name, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(bytes - kTableFooterBytes + 1));
  uint64_t metaindex = 0;
  for (unsigned shift = 0, byte = 0x80; shift < 64 && (byte & 0x80) != 0; shift += 7) {
    byte = static_cast<unsigned char>(file.get());
    metaindex |= uint64_t{byte & 0x7f} << shift;
  }
  return offset + kBlockTrailerBytes + 1 == metaindex;
}

}  // namespace

void BitRot::Flip() {
  const TempDir dir;
  fs::copy(options_.data_dir, dir.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  const std::optional<Target> target = ChooseTarget(dir.path());
  if (!target) return;
  const uint64_t offset = random_.Below(target->bytes);
  const uint64_t bit = random_.Below(8);
  if (EndsTheProcess(target->file, target->bytes, offset, bit)) return;
  FlipBit(target->file, offset, bit);
  ++report_.flips;
  StoreOptions copy = options_;
  copy.data_dir = dir.path();
  const auto findings = FindingsOf(copy);
  if (!findings.ok()) oracle_.Violation("it cannot be verified: " + findings.status().ToString());
  const bool told = findings.ok() && !findings->empty();
  const absl::Status met = Open(copy, *target, findings.ok() ? *findings : std::vector<Finding>());
  ++(!met.ok() ? report_.refused : told ? report_.told : report_.harmless);
  if (!told && !met.ok()) {
    oracle_.Violation(absl::StrCat("a verification says nothing of what a start or a read met: ", met.ToString()));
  }
  if (!told && offset < target->checked_bytes) oracle_.Violation("a verification says nothing");
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
  StoreOptions options = options_;
  options.data_dir = dir;
  const auto store = Store::OpenReadOnly(options);
  if (!store.ok()) oracle_.Violation(absl::StrCat("the store does not open: ", store.status().ToString()));
  if (store.ok()) {
    for (const TableFile& table : TablesOf(**store)) {
      targets.push_back({table.path, table.bytes, table.bytes - kTableFooterBytes});
    }
  }
  for (const fs::path& file : FilesIn(dir)) {
    const std::string name = file.filename().string();
    if (!absl::StartsWith(name, "MANIFEST") && name != "CURRENT") continue;
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

absl::Status BitRot::Open(const StoreOptions& copy, const Target& target, const std::vector<Finding>& findings) {
  const auto log = OpenRocksDbEventLog(copy);
  if (log.ok()) {
    const absl::Status met = CheckDamagedStore(**log, findings, oracle_, random_);
    if (!met.ok() && !HasReason(met, Reason::kDataLoss)) oracle_.Violation("a read failed: " + met.ToString());
    return met;
  }
  const std::string file = fs::path(target.file).filename().string();
  const absl::string_view said = log.status().message();
  // A changed CURRENT may name a MANIFEST that does not exist. For damage in a table's properties RocksDB names the
  // MANIFEST.
  const bool named = absl::StrContains(said, file) || absl::EndsWith(file, ".sst") ||
                     (file == "CURRENT" && absl::StrContains(said, "MANIFEST"));
  if (!named || !HasReason(log.status(), Reason::kDataLoss)) {
    oracle_.Violation(absl::StrCat("a start does not say which file is damaged: ", log.status().ToString()));
  }
  return log.status();
}

}  // namespace playhead::storage
