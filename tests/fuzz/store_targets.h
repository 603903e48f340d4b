// Fuzz targets: what the store reads from its own disk, and what a backup holds.
#ifndef PLAYHEAD_TESTS_FUZZ_STORE_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_STORE_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// No stored bytes make Block::Decode read or write beyond its own, nor what cuts and changes blocks, not even with a
// checksum that fits.
void Block(absl::string_view bytes);
// What is read as a record of the store (of an instance, an identity, an erasure) or as the name of a slice reads the
// same when it is written again.
void StoreRecord(absl::string_view bytes);
// The size of a first file of the write-ahead log, in two bytes, and that file with a second one: damage is found
// within them, and what is left when it is cut off is sound.
void WriteAheadLog(absl::string_view bytes);
// The files that a point of a backup lists lie below the backup.
void BackupFiles(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_STORE_TARGETS_H_
