// Distinguishes a torn tail of the write-ahead log, which is normal after a loss of power, from rot.
//
// At most one write is unsynced at any time, so a loss of power can damage only the last record. A sound record that
// begins after a damaged one therefore proves that the damaged one had been synced: acknowledged data has rotted, and
// RocksDB's point-in-time recovery would cut it off silently. Format: RocksDB's wiki, "Write Ahead Log File Format":
// blocks of 32 KiB; fragments of checksum (4, masked CRC-32C), length (2), type (1) and payload.
//
// Event data can contain bytes that look like a sound record, and a torn write contains event data. So a record counts
// as sound by itself only at a place where RocksDB must begin one, which data cannot choose: at the beginning of a
// block, and where a fragment ends according to its header. Elsewhere, that is, in the rest of a block after a damaged
// header, its row numbers must also continue those of the lost rows: RocksDB numbers all rows of a store, and reveals
// the numbers to nobody. A publisher that guesses the next few thousand numbers can still make a write that is torn at
// such a place, by a loss of power, look like rot: then a start is refused unnecessarily, but nothing is lost.
#ifndef PLAYHEAD_STORAGE_STORE_WAL_INSPECTOR_H_
#define PLAYHEAD_STORAGE_STORE_WAL_INSPECTOR_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace playhead::storage {

struct WalDamage {
  std::string file;
  uint64_t offset = 0;         // Of the first fragment that is not sound; reserved space that was not written yet
                               // counts as such.
  uint64_t record_offset = 0;  // The beginning of the record that the fragment is, or should be, part of.
  bool rot = false;            // More follows than one torn write: a sound record begins ...
  std::string sound_file;      // ... here; or, if this is empty, there are more bytes than in one write.
  uint64_t sound_offset = 0;
};

// Reads every write-ahead log file in `dir`, in order. nullopt: sound to the last byte.
// Unavailable (STORE_UNAVAILABLE) if a file cannot be read.
absl::StatusOr<std::optional<WalDamage>> InspectWal(rocksdb::Env& env, const std::string& dir);

// Removes everything from the damaged record onwards, so that later starts do not find it before sound records.
absl::Status CutWal(rocksdb::Env& env, const std::string& dir, const WalDamage& damage);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_WAL_INSPECTOR_H_
