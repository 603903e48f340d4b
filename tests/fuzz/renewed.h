// The broker or store that the inputs of a target share.
#ifndef PLAYHEAD_TESTS_FUZZ_RENEWED_H_
#define PLAYHEAD_TESTS_FUZZ_RENEWED_H_

#include <cstdlib>
#include <memory>

namespace playhead::fuzz {

// A T that is replaced after `kInputs` calls, so that what the inputs left in it does not accumulate. Not thread-safe.
template <typename T, int kInputs>
T& Renewed() {
  static std::unique_ptr<T> object;
  static int inputs = 0;
  if (object == nullptr) {
    object = std::make_unique<T>();
    // Runs before the destructors of the libraries' statics, which T's threads use: they were made before.
    std::atexit([] { object = nullptr; });
  } else if (++inputs == kInputs) {
    object = nullptr;
    object = std::make_unique<T>();
    inputs = 0;
  }
  return *object;
}

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_RENEWED_H_
