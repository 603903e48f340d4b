#include "storage/commit/disk_space.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <atomic>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "proto/errors.h"

namespace playhead::storage {
namespace {

// A disk that answers the first query of its free space, and hangs at the next.
class HangingDisk final : public rocksdb::EnvWrapper {
 public:
  HangingDisk() : EnvWrapper(rocksdb::Env::Default()) {}

  rocksdb::Status GetFreeSpace(const std::string&, uint64_t* free) override {
    if (asked_.exchange(true)) {
      if (!hanging_.HasBeenNotified()) hanging_.Notify();
      goes_on_.WaitForNotification();
    }
    *free = free_;
    return rocksdb::Status::OK();
  }

  void AwaitHanging() { hanging_.WaitForNotification(); }
  void GoOn(uint64_t free) {
    free_ = free;
    goes_on_.Notify();
  }

 private:
  std::atomic<bool> asked_ = false;
  std::atomic<uint64_t> free_ = 1000;
  absl::Notification hanging_;
  absl::Notification goes_on_;
};

TEST(DiskSpaceTest, ADiskThatHangsHoldsNobodyUp) {
  HangingDisk disk;
  DiskSpace space(disk, "/", 1000);
  EXPECT_TRUE(space.Check().ok()) << "nothing is known yet";
  space.Start();
  EXPECT_EQ(space.free_bytes(), 1000u);
  disk.AwaitHanging();
  EXPECT_TRUE(space.Check().ok()) << "by the last answer";
  disk.GoOn(999);
  while (space.free_bytes() == 1000) std::this_thread::yield();
  EXPECT_TRUE(HasReason(space.Check(), Reason::kDiskLow)) << space.Check();
}

}  // namespace
}  // namespace playhead::storage
