// The list of files of a point of a backup, as RocksDB's BackupEngine writes it (`meta/<number>`, schema 1), and
// whether they are what it says. BackupEngine itself only says whether one of them is not.
//
// Lines: the time, the sequence number, optionally `metadata <hex>`, the number of files; then for each
// `<path below the backup> crc32 <CRC-32C, decimal>`. Shared files end their names with their size.
#ifndef PLAYHEAD_STORAGE_BACKUP_BACKUP_FILES_H_
#define PLAYHEAD_STORAGE_BACKUP_BACKUP_FILES_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::storage {

struct BackupFile {
  std::string path;  // Below the backup's folder.
  uint32_t crc32c = 0;
};

// DataLoss (DATA_LOSS) if the list is malformed.
absl::StatusOr<std::vector<BackupFile>> ParseBackupFiles(absl::string_view list);

// The numbers of the points whose lists are there, rising.
absl::StatusOr<std::vector<uint32_t>> ListBackupPoints(rocksdb::Env& env, const std::string& backup_dir);

// Reads the file. `read` hears of each piece, for rates, and ends it with its error.
//   DataLoss  it is missing, or not what was written.
absl::Status CheckBackupFile(rocksdb::Env& env, const std::string& backup_dir, const BackupFile& file,
                             absl::FunctionRef<absl::Status(uint64_t bytes)> read);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_BACKUP_FILES_H_
