// What a fuzz target does when a promise of the code under test is broken: it says which, and ends the process.
#ifndef PLAYHEAD_TESTS_FUZZ_PROMISE_H_
#define PLAYHEAD_TESTS_FUZZ_PROMISE_H_

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

inline void Require(bool held, absl::string_view promise) {
  if (held) return;
  std::fprintf(stderr, "broken: %s\n", std::string(promise).c_str());
  std::abort();
}

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_PROMISE_H_
