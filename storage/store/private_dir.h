// Folders that hold events are for their owner alone.
#ifndef PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_
#define PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_

#include <sys/stat.h>

#include <string>

namespace playhead::storage {

// Creates `dir` with mode 0700, unless it exists: RocksDB and the standard library would make it readable by all users.
// A failure shows when the folder is next used.
inline void MakePrivateDir(const std::string& dir) { ::mkdir(dir.c_str(), S_IRWXU); }

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_
