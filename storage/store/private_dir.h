// Folders that hold events are for their owner alone.
#ifndef PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_
#define PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_

#include <sys/stat.h>

#include <string>

namespace playhead::storage {

// Makes `dir`, unless something is there, with mode 0700: RocksDB and the standard library would let everybody read it.
// Whoever uses it next finds out whether that failed.
inline void MakePrivateDir(const std::string& dir) { ::mkdir(dir.c_str(), S_IRWXU); }

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_PRIVATE_DIR_H_
