// Finds the function of a shared library that one of the program's own replaces.
#ifndef PLAYHEAD_TOOLS_BAZEL_TSAN_ORIGINAL_H_
#define PLAYHEAD_TOOLS_BAZEL_TSAN_ORIGINAL_H_

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace playhead::tsan {

// Dies if no linked library has it: the distribution's Abseil is then not the version this was written for. A member
// function's first parameter is its object.
template <typename Function>
Function* Original(const char* mangled_name) {
  void* const function = dlsym(RTLD_NEXT, mangled_name);
  if (function == nullptr) {
    std::fprintf(stderr, "tools/bazel/tsan: no library has %s\n", mangled_name);
    std::abort();
  }
  return reinterpret_cast<Function*>(function);
}

}  // namespace playhead::tsan

#endif  // PLAYHEAD_TOOLS_BAZEL_TSAN_ORIGINAL_H_
