// A disk of a few MiB that is visible only to this process and the programs it starts.
#ifndef PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_
#define PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace playhead::testing {

// A tmpfs in a mount namespace of the calling thread, which the programs that the thread starts share. Not thread-safe.
class SmallDisk {
 public:
  // Mounts it on the existing folder `path`. Unless the user is root, the process must have only one thread.
  //   Unavailable  this user may not mount anything on this machine.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Mount(const std::string& path, uint64_t bytes);
  ~SmallDisk();  // Unmounts it, even if files on it are still open.
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return path_; }

  // Writes a file of its own until only `free_bytes` are free.
  void FillUpTo(uint64_t free_bytes);
  // Deletes the file of FillUpTo.
  void Relieve();
  // Makes it read-only. REQUIRES: no file on it is open for writing.
  void MakeReadOnly();

 private:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {}
  std::string ballast() const { return path_ + "/ballast"; }

  const std::string path_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_
