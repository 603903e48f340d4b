// A disk of a few MiB that only this process and the programs it starts see.
#ifndef PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_
#define PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace playhead::testing {

// A tmpfs in a mount namespace of the calling thread's, which the programs that it starts are in too. Not thread-safe.
class SmallDisk {
 public:
  // Mounts it on the folder `path`, which is there. Without root's rights this is to be called before the process has
  // more than one thread.
  //   Unavailable  this machine does not let this user mount anything.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Mount(const std::string& path, uint64_t bytes);
  ~SmallDisk();  // Takes it away, though files on it may still be open.
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& path() const { return path_; }

  // Takes up space, with a file of its own, until so much is free.
  void FillUpTo(uint64_t free_bytes);
  // Gives back what FillUpTo took.
  void Relieve();
  // From now on nothing on it can be changed. REQUIRES: no file on it is open for writing.
  void MakeReadOnly();

 private:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {}
  std::string ballast() const { return path_ + "/ballast"; }

  const std::string path_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_SMALL_DISK_H_
