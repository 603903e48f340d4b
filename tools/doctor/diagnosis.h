// What `playhead doctor` looks at on a machine before, or while, it keeps a store: each as one line in plain words.
#ifndef PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_
#define PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace playhead::tools {

enum class Severity {
  kGood,
  kNote,     // Worth knowing; nothing is wrong.
  kWarning,  // Works, but not as well or as safely as it should.
  kProblem,  // The broker will not start, or a guarantee does not hold.
};
// "good", "note", "warning", "problem".
absl::string_view SeverityName(Severity severity);

struct Diagnosis {
  Severity severity = Severity::kGood;
  std::string subject = {};  // "disk speed": the same for every outcome of a check.
  std::string finding = {};  // What was found, with figures.
  std::string advice = {};   // What to do; empty if nothing.
};

// Each looks at one thing, and reads or measures no more than it says. Not thread-safe.

// Whether the folder is there, whose it is and who may read it. If it is not there yet, whether it can be made.
Diagnosis CheckFolder(const std::string& data_dir);
// On which kind of file system it is.
Diagnosis CheckFileSystem(const std::string& data_dir);
// Against what appends need (storage::StoreOptions::disk_free_bytes_min).
Diagnosis CheckFreeSpace(const std::string& data_dir);
// Writes 200 times 4 KiB to a file of its own in the folder, with an fdatasync each, and removes it: seconds at worst.
Diagnosis CheckDiskSpeed(const std::string& data_dir);
// What a disk that takes this long means; apart from the measuring.
Diagnosis JudgeDiskSpeed(absl::Duration p50, absl::Duration p99);
// The limit of open files.
Diagnosis CheckOpenFiles();
Diagnosis JudgeOpenFiles(uint64_t limit);
// What memory there is, for this process's group if it is limited.
Diagnosis CheckMemory();
Diagnosis JudgeMemory(uint64_t bytes);
// Whether the clock is kept in step, and that it is not behind the newest file of the store.
Diagnosis CheckClock(const std::string& data_dir);
Diagnosis JudgeClock(absl::Time now, absl::Time newest_file, bool is_kept_in_step);
// Files that hold secrets: that nobody but their owner may read them. `name` is said of it; a file that is not there is
// no problem if it `is_optional`.
Diagnosis CheckSecretFile(absl::string_view name, const std::string& path, bool is_optional);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_
