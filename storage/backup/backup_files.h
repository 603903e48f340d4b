// The list of files of a point of a backup, as RocksDB's BackupEngine writes it (`meta/<number>`, schema 1), and the
// check that the files match it. BackupEngine itself only says whether any file does not match.
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

// The numbers of the points that have a list, increasing.
absl::StatusOr<std::vector<uint32_t>> ListBackupPoints(rocksdb::Env& env, const std::string& backup_dir);

// Compares the lists of all points, as far as they can be read. BackupEngine ends the process if two of them have
// different checksums of one file, so this goes before opening it.
//   DataLoss  two lists differ; the text names them.
absl::Status CheckBackupListsAgree(rocksdb::Env& env, const std::string& backup_dir);

// Reads and checks the file. `read` is called for each piece, to keep a rate; its error ends the check.
//   DataLoss  the file is missing, or differs from what was written.
absl::Status CheckBackupFile(rocksdb::Env& env, const std::string& backup_dir, const BackupFile& file,
                             absl::FunctionRef<absl::Status(uint64_t bytes)> read);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BACKUP_BACKUP_FILES_H_
