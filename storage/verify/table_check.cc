#include "storage/verify/table_check.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>
#include <rocksdb/table.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "storage/verify/read_refusal.h"

namespace playhead::storage {
namespace {

rocksdb::Status ReadTable(const Store& store, const std::string& path) {
  rocksdb::BlockBasedTableOptions uncached;
  uncached.no_block_cache = true;  // Reads the file, not cached blocks.
  rocksdb::Options options;
  options.env = store.db()->GetEnv();
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(uncached));
  return rocksdb::VerifySstFileChecksum(options, rocksdb::EnvOptions(), rocksdb::ReadOptions(), path);
}

}  // namespace

std::vector<TableFile> TablesOf(const Store& store) {
  std::vector<rocksdb::LiveFileMetaData> files;
  store.db()->GetLiveFilesMetaData(&files);
  std::vector<TableFile> tables;
  tables.reserve(files.size());
  for (const rocksdb::LiveFileMetaData& file : files) {
    tables.push_back({absl::StrCat(file.db_path, "/", file.relative_filename), file.column_family_name, file.size});
  }
  return tables;
}

absl::StatusOr<std::optional<Finding>> CheckTable(const Store& store, const TableFile& table) {
  const rocksdb::Status status = ReadTable(store, table.path);
  if (status.ok()) return std::nullopt;
  const std::vector<TableFile> live = TablesOf(store);
  if (std::none_of(live.begin(), live.end(), [&](const TableFile& other) { return other.path == table.path; })) {
    return std::nullopt;
  }
  absl::Status refused = ReadRefusal(status, absl::StrCat("reading a table of ", table.family));
  if (!refused.ok()) return refused;
  const absl::string_view state = status.IsPathNotFound() ? "missing" : status.IsIOError() ? "unreadable" : "damaged";
  return Finding{.kind = FindingKind::kFile,
                 .what = absl::StrCat(table.path, ", of ", table.family, ", is ", state, ": ", status.ToString())};
}

}  // namespace playhead::storage
