// Checks a store's folder and its disk.
#ifndef PLAYHEAD_TOOLS_DOCTOR_DATA_FOLDER_H_
#define PLAYHEAD_TOOLS_DOCTOR_DATA_FOLDER_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "storage/options.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

// The folder, or its nearest ancestor that exists.
std::string ExistingFolder(const std::string& data_dir);

// Checks that the folder exists, and who may read and write it; or that it can be made.
Diagnosis CheckFolder(const std::string& data_dir);
// Checks the kind of file system.
Diagnosis CheckFileSystem(const std::string& data_dir);
// Compares free space with what appends need (StoreOptions::disk_free_bytes_min).
Diagnosis CheckFreeSpace(const storage::StoreOptions& store);
// The judgement of CheckFreeSpace, from the free bytes.
Diagnosis JudgeFreeSpace(uint64_t bytes, const storage::StoreOptions& store);
// Writes 4 KiB 200 times to a temporary file in the folder, each time with an fdatasync. Takes seconds at worst.
Diagnosis CheckDiskSpeed(const std::string& data_dir);
// The judgement of CheckDiskSpeed, from the measured times.
Diagnosis JudgeDiskSpeed(absl::Duration p50, absl::Duration p99);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_DATA_FOLDER_H_
