#include "storage/store/store_file_system.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace playhead::storage {

using rocksdb::IOStatus;

rocksdb::Env& EnvOf(const StoreOptions& options) {
  return options.env != nullptr ? *options.env : *rocksdb::Env::Default();
}

IOStatus StoreFileSystem::DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* debug) {
  if (absl::StartsWith(name, absl::StrCat(dir_, "/MANIFEST-"))) {
    std::string current;
    const IOStatus read = rocksdb::ReadFileToString(target(), absl::StrCat(dir_, "/CURRENT"), &current);
    // Without a CURRENT, the store is just being made.
    if (!read.ok() && !read.IsPathNotFound()) return read;
    if (absl::StrCat(dir_, "/", current) == absl::StrCat(name, "\n")) {
      return IOStatus::IOError("the MANIFEST is in use", name);
    }
  }
  return FileSystemWrapper::DeleteFile(name, options, debug);
}

IOStatus StoreFileSystem::FileExists(const std::string& name, const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* debug) {
  if (name == absl::StrCat(dir_, "/archive")) return IOStatus::NotFound("there are no archived logs", name);
  return FileSystemWrapper::FileExists(name, options, debug);
}

}  // namespace playhead::storage
