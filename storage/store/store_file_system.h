// The file system that a store's database uses: another one, without two of its answers. On a disk that fails, RocksDB
// 7.8 harms the store after one of them, and ends the process after the other.
#ifndef PLAYHEAD_STORAGE_STORE_STORE_FILE_SYSTEM_H_
#define PLAYHEAD_STORAGE_STORE_STORE_FILE_SYSTEM_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <memory>
#include <string>
#include <utility>

#include "storage/options.h"

namespace playhead::storage {

// The environment that the store is in: StoreOptions::env, or the machine's.
rocksdb::Env& EnvOf(const StoreOptions& options);

// Thread safety: all methods. Must outlive its files.
class StoreFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  // `dir` is the database's folder.
  StoreFileSystem(std::shared_ptr<rocksdb::FileSystem> target, std::string dir)
      : FileSystemWrapper(std::move(target)), dir_(std::move(dir)) {}
  const char* Name() const override { return "playhead.StoreFileSystem"; }

  // Refuses to delete the MANIFEST that CURRENT names, and any MANIFEST while CURRENT cannot be read. Where RocksDB could
  // not complete a new one, it takes all older ones for obsolete, CURRENT's among them (VersionSet::ProcessManifestWrites;
  // mended in later versions). A store that was closed after that could not be opened again.
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  // Says that there is no archive of logs, which RocksDB would make only with other settings than ours. Where it lists
  // the logs, for a backup, the distribution's build asserts that this look does not fail (WalManager::GetSortedWalFiles).
  rocksdb::IOStatus FileExists(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  const std::string dir_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_STORE_FILE_SYSTEM_H_
