#include "tests/faults/failing_disk.h"

#include <cstdlib>
#include <filesystem>

namespace playhead::testing {

FailingDisk::FailingDisk(const std::string& path)
    : path_(std::filesystem::canonical(path).string()), fault_(path_ + ".fault") {
  const std::string folder = path_ + "/";
  if (folder.size() >= fault_->folder.size()) std::abort();
  folder.copy(fault_->folder.data(), folder.size());
}

std::vector<std::string> FailingDisk::environment() const {
  return fault_.Environment("failing_disk_calls.so", kDiskFaultFile);
}

void FailingDisk::Fail(uint32_t calls, absl::string_view end, int error, int64_t times) {
  Mend();
  if (end.size() >= fault_->end.size()) std::abort();
  fault_->end.fill('\0');
  end.copy(fault_->end.data(), end.size());
  fault_->error = error;
  fault_->times = times;
  fault_->calls = calls;
}

void FailingDisk::FillUpTo(uint64_t free_bytes) { fault_->free_bytes = static_cast<int64_t>(free_bytes); }

void FailingDisk::Mend() {
  fault_->calls = kNoDiskCalls;
  fault_->free_bytes = INT64_MAX;
}

}  // namespace playhead::testing
