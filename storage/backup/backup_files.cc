#include "storage/backup/backup_files.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

absl::Status Malformed(absl::string_view what) {
  return MakeError(Reason::kDataLoss, absl::StrCat("the list of the point's files is damaged: ", what));
}

}  // namespace

absl::StatusOr<std::vector<BackupFile>> ParseBackupFiles(absl::string_view list) {
  std::vector<absl::string_view> lines = absl::StrSplit(list, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  size_t at = 2;  // After the time and the sequence number.
  if (lines.size() > at && absl::StartsWith(lines[at], "metadata ")) ++at;
  uint64_t count = 0;
  if (lines.size() <= at || !absl::SimpleAtoi(lines[at], &count)) return Malformed("it has no count");
  ++at;
  if (lines.size() - at != count) return Malformed("it is not as long as it says");
  std::vector<BackupFile> files;
  for (; at < lines.size(); ++at) {
    const std::vector<absl::string_view> words = absl::StrSplit(lines[at], ' ');
    BackupFile file;
    if (words.size() != 3 || words[1] != "crc32" || !absl::SimpleAtoi(words[2], &file.crc32c) ||
        absl::StrContains(words[0], "..")) {
      return Malformed(absl::StrCat("line ", at + 1));
    }
    file.path = std::string(words[0]);
    files.push_back(std::move(file));
  }
  return files;
}

absl::StatusOr<std::vector<uint32_t>> ListBackupPoints(rocksdb::Env& env, const std::string& backup_dir) {
  std::vector<std::string> names;
  const rocksdb::Status status = env.GetChildren(backup_dir + "/meta", &names);
  if (!status.ok()) {
    return MakeError(Reason::kBackupNotFound, absl::StrCat("there is no backup in ", backup_dir));
  }
  std::vector<uint32_t> numbers;
  for (const std::string& name : names) {
    uint32_t number;
    if (absl::SimpleAtoi(name, &number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::Status CheckBackupListsAgree(rocksdb::Env& env, const std::string& backup_dir) {
  struct Entry {
    uint32_t point;
    uint32_t crc32c;
  };
  absl::flat_hash_map<std::string, Entry> entries;  // By the file's path.
  const auto numbers = ListBackupPoints(env, backup_dir);
  if (!numbers.ok()) return absl::OkStatus();  // There is no backup yet.
  for (const uint32_t number : *numbers) {
    std::string list;
    if (!rocksdb::ReadFileToString(&env, absl::StrCat(backup_dir, "/meta/", number), &list).ok()) continue;
    auto files = ParseBackupFiles(list);
    if (!files.ok()) continue;  // BackupEngine counts it as a broken point.
    for (BackupFile& file : *files) {
      const auto [entry, is_new] = entries.try_emplace(std::move(file.path), Entry{number, file.crc32c});
      if (is_new || entry->second.crc32c == file.crc32c) continue;
      return MakeError(
          Reason::kDataLoss,
          absl::StrCat("meta/", entry->second.point, " or meta/", number, " is damaged: they differ about ",
                       entry->first, ". playhead verify says which; the points whose lists are sound can ",
                       "be used once that list is removed"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBackupFile(rocksdb::Env& env, const std::string& backup_dir, const BackupFile& file,
                             absl::FunctionRef<absl::Status(uint64_t bytes)> read) {
  const std::string path = absl::StrCat(backup_dir, "/", file.path);
  std::unique_ptr<rocksdb::SequentialFile> opened;
  rocksdb::Status status = env.NewSequentialFile(path, &opened, rocksdb::EnvOptions());
  if (status.IsNotFound() || status.IsPathNotFound()) return MakeError(Reason::kDataLoss, "it is missing");
  std::string buffer(kReadBytes, '\0');
  uint32_t crc = ~0U;
  for (rocksdb::Slice piece; status.ok();) {
    status = opened->Read(buffer.size(), &piece, buffer.data());
    if (!status.ok() || piece.empty()) break;
    if (piece.data() != buffer.data()) std::copy(piece.data(), piece.data() + piece.size(), buffer.data());
    crc = crc32_iscsi(reinterpret_cast<unsigned char*>(buffer.data()), static_cast<int>(piece.size()), crc);
    if (absl::Status stopped = read(piece.size()); !stopped.ok()) return stopped;
  }
  if (!status.ok()) return ReadError(status, absl::StrCat("reading ", path));
  if (~crc == file.crc32c) return absl::OkStatus();
  return MakeError(Reason::kDataLoss, "it is not what was written: its checksum is another");
}

}  // namespace playhead::storage
