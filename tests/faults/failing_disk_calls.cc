// A library to be preloaded (LD_PRELOAD). The calls with which RocksDB reads, writes and syncs its files, and the one
// that lists a folder, fail as the file named by DISK_FAULT_FILE says (tests/faults/disk_fault.h). That file may be
// changed while the program runs.
#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "tests/faults/disk_fault.h"
#include "tests/faults/preloaded.h"

namespace {

using playhead::testing::DiskFault;
using playhead::testing::kDiskLists;
using playhead::testing::kDiskReads;
using playhead::testing::kDiskSyncs;
using playhead::testing::kDiskWrites;
using playhead::testing::kNoDiskCalls;
using playhead::testing::MapSharedValue;
using playhead::testing::NextFunction;

DiskFault& Fault() {
  static DiskFault* const fault = MapSharedValue<DiskFault>(playhead::testing::kDiskFaultFile);
  return *fault;
}

using Path = std::array<char, PATH_MAX>;

// The path of an open file, from /proc; empty if it has none.
Path PathOf(int file) {
  Path link{};
  Path path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  if (readlink(link.data(), path.data(), path.size() - 1) < 0) path[0] = '\0';
  return path;
}

bool IsInFolder(const char* path) {
  const char* const folder = Fault().folder.data();
  return std::strncmp(path, folder, std::strlen(folder)) == 0;
}

bool EndsAsNamed(const char* path) {
  const size_t size = std::strlen(path);
  const size_t end = std::strlen(Fault().end.data());
  return size >= end && std::strcmp(path + size - end, Fault().end.data()) == 0;
}

// Whether this call is to fail. Sets errno if so.
bool Fails(int file, uint32_t call) {
  DiskFault& fault = Fault();
  if ((fault.calls.load() & call) == 0) return false;
  const Path path = PathOf(file);
  if (!IsInFolder(path.data()) || !EndsAsNamed(path.data())) return false;
  if (fault.times.fetch_sub(1) <= 0) {
    fault.calls = kNoDiskCalls;
    return false;
  }
  ++fault.failed;
  errno = fault.error;
  return true;
}

// Takes space for up to `count` bytes, and returns for how many there was some.
size_t TakeSpace(int file, size_t count) {
  DiskFault& fault = Fault();
  if (fault.free_bytes.load() == INT64_MAX || !IsInFolder(PathOf(file).data())) return count;
  int64_t free = fault.free_bytes.load();
  int64_t taken = 0;
  do {
    if (free == INT64_MAX) return count;
    taken = std::min(free, static_cast<int64_t>(count));
  } while (!fault.free_bytes.compare_exchange_weak(free, free - taken));
  if (taken < static_cast<int64_t>(count)) ++fault.failed;
  return static_cast<size_t>(taken);
}

// Writes with `real(bytes)`. A write that fails leaves half of its bytes in the file.
template <typename Real>
ssize_t Write(int file, size_t count, Real real) {
  if (Fails(file, kDiskWrites)) {
    const int error = errno;
    if (count > 1 && real(count / 2) < 0) return -1;
    errno = error;
    return -1;
  }
  const size_t space = TakeSpace(file, count);
  if (space == 0 && count != 0) {
    errno = ENOSPC;
    return -1;
  }
  return real(space);
}

}  // namespace

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
  static const auto real = NextFunction<ssize_t (*)(int, const void*, size_t)>("write");
  return Write(file, count, [&](size_t some) { return real(file, bytes, some); });
}

ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  static const auto real = NextFunction<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return Write(file, count, [&](size_t some) { return real(file, bytes, some, offset); });
}

int fallocate(int file, int mode, off_t offset, off_t size) {
  static const auto real = NextFunction<int (*)(int, int, off_t, off_t)>("fallocate");
  return Fails(file, kDiskWrites) ? -1 : real(file, mode, offset, size);
}

int fsync(int file) {
  static const auto real = NextFunction<int (*)(int)>("fsync");
  return Fails(file, kDiskSyncs) ? -1 : real(file);
}

int fdatasync(int file) {
  static const auto real = NextFunction<int (*)(int)>("fdatasync");
  return Fails(file, kDiskSyncs) ? -1 : real(file);
}

int sync_file_range(int file, off64_t offset, off64_t size, unsigned int flags) {
  static const auto real = NextFunction<int (*)(int, off64_t, off64_t, unsigned int)>("sync_file_range");
  // Without flags it syncs nothing: this is how RocksDB tests whether the call is supported, and it expects no other
  // error.
  return flags != 0 && Fails(file, kDiskSyncs) ? -1 : real(file, offset, size, flags);
}

ssize_t pread(int file, void* bytes, size_t count, off_t offset) {
  static const auto real = NextFunction<ssize_t (*)(int, void*, size_t, off_t)>("pread");
  return Fails(file, kDiskReads) ? -1 : real(file, bytes, count, offset);
}

// Fails only after the last entry, so that the caller has begun to use the others.
struct dirent* readdir(DIR* folder) {
  static const auto real = NextFunction<struct dirent* (*)(DIR*)>("readdir");
  struct dirent* const entry = real(folder);
  if (entry == nullptr) Fails(dirfd(folder), kDiskLists);  // nullptr without an errno is the end.
  return entry;
}

int statvfs(const char* path, struct statvfs* out) noexcept {
  static const auto real = NextFunction<int (*)(const char*, struct statvfs*)>("statvfs");
  const int result = real(path, out);
  const int64_t free = Fault().free_bytes.load();
  if (result != 0 || free == INT64_MAX || !IsInFolder(path)) return result;
  out->f_bfree = static_cast<fsblkcnt_t>(free) / out->f_frsize;
  out->f_bavail = out->f_bfree;
  return 0;
}

}  // extern "C"
