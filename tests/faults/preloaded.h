// What libraries that tests preload into a program (LD_PRELOAD) have in common. They abort that program if something
// they need is missing.
#ifndef PLAYHEAD_TESTS_FAULTS_PRELOADED_H_
#define PLAYHEAD_TESTS_FAULTS_PRELOADED_H_

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

namespace playhead::testing {

// The function that the library's own function `name` replaces.
template <typename Function>
Function NextFunction(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function>(found);
}

// The value that the test has put into a file (tests/faults/shared_value.h), whose name is in this environment
// variable. Maps the file anew with each call.
template <typename Value>
Value* MapSharedValue(const char* variable) {
  const char* const name = std::getenv(variable);
  const int file = name == nullptr ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (file < 0) std::abort();
  void* const page = mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (page == MAP_FAILED) std::abort();
  return static_cast<Value*>(page);
}

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_PRELOADED_H_
